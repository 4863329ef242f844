#include "serving/model_table.h"

#include <algorithm>
#include <utility>

namespace aion::serving {

namespace {

Error unknown(std::string_view model, std::string_view rest) {
  return Error{Code::NotFound,
               "Request for unknown model: '" + std::string(model) + "' " + std::string(rest)};
}

}  // namespace

VersionEntry never_loaded(catalog::ModelVersion source) {
  auto parked = std::make_shared<ParkedVersion>();
  parked->source = std::move(source);
  return {VersionState::Unavailable, "not loaded yet; loads on demand", nullptr, std::move(parked)};
}

void ModelTable::edit(const std::function<void(Models&)>& change) {
  auto before = models_.load(std::memory_order_acquire);
  std::shared_ptr<const Models> after;
  do {
    auto copy = std::make_shared<Models>(*before);
    change(*copy);
    after = std::move(copy);
  } while (!models_.compare_exchange_weak(before, after, std::memory_order_acq_rel));
}

Result<std::shared_ptr<LoadedVersion>> ModelTable::find(std::string_view model,
                                                        std::int64_t version) const {
  const auto models = snapshot();
  const auto entry = models->find(model);
  if (entry == models->end()) {
    return unknown(model, "is not found");
  }
  const auto& versions = entry->second.versions;
  if (version == 0) {
    for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
      if (at->second.state == VersionState::Ready) {
        return at->second.loaded;
      }
    }
    return unknown(model, "has no available versions");
  }
  const auto at = versions.find(version);
  const std::string named = "version " + std::to_string(version);
  if (at == versions.end()) {
    return unknown(model, named + " is not found");
  }
  if (at->second.state != VersionState::Ready) {
    return Error{Code::Unavailable,
                 "Request for unknown model: '" + std::string(model) + "' " + named +
                     " is not at ready state"};
  }
  return at->second.loaded;
}

std::shared_ptr<const ParkedVersion> ModelTable::find_parked(std::string_view model,
                                                             std::int64_t version) const {
  const auto models = snapshot();
  const auto entry = models->find(model);
  if (entry == models->end()) {
    return nullptr;
  }
  const auto& versions = entry->second.versions;
  if (version != 0) {
    const auto at = versions.find(version);
    return at == versions.end() ? nullptr : at->second.parked;
  }
  std::shared_ptr<const ParkedVersion> highest;
  for (const auto& [number, one] : versions) {
    if (one.state == VersionState::Ready) {
      return nullptr;
    }
    highest = one.parked ? one.parked : highest;
  }
  return highest;
}

std::shared_ptr<ModelUse> ModelTable::use_of(std::string_view model) const {
  const auto models = snapshot();
  const auto entry = models->find(model);
  return entry == models->end() ? nullptr : entry->second.use;
}

bool ModelTable::is_parked(std::string_view model) const {
  const auto models = snapshot();
  const auto entry = models->find(model);
  return entry != models->end() && std::ranges::any_of(entry->second.versions, [](const auto& one) {
           return one.second.parked != nullptr;
         });
}

}  // namespace aion::serving
