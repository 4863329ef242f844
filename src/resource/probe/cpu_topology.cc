#include "resource/probe/cpu_topology.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include <hwloc.h>

namespace aion::resource {

namespace {

struct Destroy {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;

Result<Topology> load(const std::string& synthetic) {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) {
    return Error{Code::Internal, "hwloc cannot begin a topology"};
  }
  Topology topology(raw);
  if (!synthetic.empty() && hwloc_topology_set_synthetic(raw, synthetic.c_str()) != 0) {
    return Error{Code::InvalidArgument, "hwloc takes no topology '" + synthetic + "'"};
  }
  if (hwloc_topology_load(raw) != 0) {
    return Error{Code::Internal, "hwloc cannot read the topology of this machine"};
  }
  return topology;
}

/// The sockets, if each has memory of its own; else the machine as a whole.
std::vector<hwloc_obj_t> roots_of(hwloc_topology_t topology) {
  std::vector<hwloc_obj_t> sockets;
  bool are_apart = true;
  for (hwloc_obj_t socket = nullptr;
       (socket = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, socket)) != nullptr;) {
    are_apart = are_apart && !hwloc_bitmap_iszero(socket->nodeset) &&
                std::ranges::none_of(sockets, [&](hwloc_obj_t other) {
                  return hwloc_bitmap_intersects(other->nodeset, socket->nodeset) != 0;
                });
    sockets.push_back(socket);
  }
  return are_apart && sockets.size() > 1 ? sockets : std::vector{hwloc_get_root_obj(topology)};
}

template <class Visit>
void for_each_inside(hwloc_topology_t topology,
                     hwloc_obj_t root,
                     hwloc_obj_type_t type,
                     const Visit& visit) {
  for (hwloc_obj_t object = nullptr; (object = hwloc_get_next_obj_inside_cpuset_by_type(
                                          topology, root->cpuset, type, object)) != nullptr;) {
    visit(object);
  }
}

std::size_t count_inside(hwloc_topology_t topology, hwloc_obj_t root, hwloc_obj_type_t type) {
  std::size_t count = 0;
  for_each_inside(topology, root, type, [&](hwloc_obj_t /*object*/) { ++count; });
  return count;
}

std::vector<Cpu> cpus_of(hwloc_topology_t topology, hwloc_obj_t root) {
  std::vector<Cpu> cpus;
  for_each_inside(topology, root, HWLOC_OBJ_PU, [&](hwloc_obj_t unit) {
    const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, unit);
    Cpu cpu;
    cpu.number = unit->os_index;
    cpu.core = core != nullptr ? core->logical_index : unit->logical_index;
    cpu.node = static_cast<std::uint32_t>(std::max(0, hwloc_bitmap_first(unit->nodeset)));
    cpus.push_back(cpu);
  });
  std::ranges::sort(
      cpus, {}, [](const Cpu& cpu) { return std::tuple(cpu.node, cpu.core, cpu.number); });
  return cpus;
}

/// Memory hangs beside the tree of cores, so that it is found by the nodes and not by CPU sets.
Bytes memory_of(hwloc_topology_t topology, hwloc_obj_t root) {
  Bytes memory;
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    if (hwloc_bitmap_isset(root->nodeset, node->os_index) != 0) {
      memory.count += node->attr->numanode.local_memory;
    }
  }
  return memory;
}

std::string info_of(hwloc_topology_t topology, hwloc_obj_t root, const char* name) {
  const char* own = hwloc_obj_get_info_by_name(root, name);
  const hwloc_obj_t first = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
  if (own == nullptr && first != nullptr) {
    own = hwloc_obj_get_info_by_name(first, name);
  }
  return own != nullptr ? own : "";
}

/// "2 x 32.0 MiB"
void add_cache(std::vector<Fact>& facts,
               hwloc_topology_t topology,
               hwloc_obj_t root,
               hwloc_obj_type_t type) {
  std::size_t count = 0;
  Bytes size;
  std::string name;
  for_each_inside(topology, root, type, [&](hwloc_obj_t cache) {
    ++count;
    size.count = cache->attr->cache.size;
    name = "L" + std::to_string(cache->attr->cache.depth) + " cache";
  });
  if (count > 0 && size.count > 0) {
    facts.push_back({name, std::to_string(count) + " x " + to_string(size)});
  }
}

std::vector<Fact> facts_of(hwloc_topology_t topology, hwloc_obj_t root) {
  const std::size_t sockets = count_inside(topology, root, HWLOC_OBJ_PACKAGE);
  const std::size_t cores = count_inside(topology, root, HWLOC_OBJ_CORE);
  const std::size_t threads = count_inside(topology, root, HWLOC_OBJ_PU);
  std::vector<Fact> facts;
  facts.push_back({"sockets", std::to_string(std::max<std::size_t>(sockets, 1))});
  facts.push_back({"cores", std::to_string(cores)});
  facts.push_back({"threads", std::to_string(threads)});
  facts.push_back({"SMT", cores > 0 && threads > cores ? "yes" : "no"});
  facts.push_back({"NUMA nodes", std::to_string(hwloc_bitmap_weight(root->nodeset))});
  for (const auto type : {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE}) {
    add_cache(facts, topology, root, type);
  }
  return facts;
}

}  // namespace

Result<std::vector<Device>> read_cpu_topology(const std::string& synthetic) {
  AION_TRY(const Topology topology, load(synthetic));
  std::vector<Device> devices;
  for (const hwloc_obj_t root : roots_of(topology.get())) {
    Device device;
    device.id = {DeviceKind::Cpu, static_cast<std::uint32_t>(devices.size())};
    device.name = info_of(topology.get(), root, "CPUModel");
    device.cpus = cpus_of(topology.get(), root);
    device.cores = static_cast<double>(device.cpus.size());
    device.memory = memory_of(topology.get(), root);
    device.facts = facts_of(topology.get(), root);
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace aion::resource
