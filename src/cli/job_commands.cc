#include "cli/job_commands.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>
#include <utility>

#include "base/bytes.h"
#include "cli/job_spec.h"
#include "cli/job_view.h"
#include "cli/number_flag.h"
#include "cli/table.h"

namespace aion::cli {

namespace {

constexpr std::size_t kMostWords = 10'000;
constexpr std::chrono::milliseconds kFollowPause{200};
const std::string kJobs = "/api/aion/v1/jobs";

Result<Connection*> connect(const Arguments& arguments,
                            const FindPlace& find,
                            std::unique_ptr<Connection>& into) {
  AION_TRY(const std::string url, daemon_url(arguments, find));
  into = std::make_unique<Connection>(url, owner_token(arguments, find));
  return into.get();
}

Exit print(const Arguments& arguments, const Json& json, const Result<std::string>& text) {
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(json).c_str());
    return Exit::Done;
  }
  if (!text) {
    return failed(text.error());
  }
  std::fputs(text->c_str(), stdout);
  return Exit::Done;
}

std::string path_of(const std::string& job, const std::string& rest = {}) {
  return kJobs + "/" + percent_encoded(job) + rest;
}

/// Done when it has succeeded.
Result<Json> wait_for_end(Connection& connection, const std::string& job) {
  for (;;) {
    AION_TRY(Json answer, connection.get(path_of(job, "/wait?timeout_ms=20000")));
    const std::string state = answer.value("state", "");
    if (state == "succeeded" || state == "failed" || state == "cancelled") {
      return answer;
    }
  }
}

Exit say_end(const Arguments& arguments, const Json& job) {
  const std::string text = "job " + job.at("number").dump() + " " + job.value("state", "") + ": " +
                           job.value("reason", "") + "\n";
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(job).c_str());
  } else {
    std::fputs(text.c_str(), stderr);
  }
  return job.value("state", "") == "succeeded" ? Exit::Done : Exit::Failed;
}

/// Prints what there is from `offset` on. True when nothing follows.
Result<bool> print_log(Connection& connection,
                       const std::string& job,
                       const std::string& which,
                       std::uint64_t& offset) {
  for (;;) {
    net::ClientRequest request;
    request.url = path_of(job, "/log?offset=" + std::to_string(offset) + which);
    AION_TRY(const net::ClientResponse part, connection.send(std::move(request)));
    const auto begin = part.headers.find("aion-log-offset");
    const auto end = part.headers.find("aion-log-end");
    if (begin == part.headers.end() || end == part.headers.end()) {
      return bad_answer("a log without its offset");
    }
    const std::uint64_t first = std::strtoull(begin->second.c_str(), nullptr, 10);
    if (first > offset && !part.body.empty()) {
      say_error(std::to_string(first - offset) + " bytes of the log are gone: it was too long");
    }
    std::fwrite(part.body.data(), 1, part.body.size(), stdout);
    std::fflush(stdout);
    offset = part.body.empty() ? offset : first + part.body.size();
    if (part.body.empty() || end->second == "1") {
      return end->second == "1";
    }
  }
}

/// Says on stderr what it waits for before it runs: making an environment takes a while.
Result<bool> has_begun(Connection& connection, const std::string& job, std::string& said) {
  AION_TRY(const Json now, connection.get(path_of(job, "/wait?timeout_ms=0")));
  const std::string state = now.value("state", "");
  const bool is_before = state == "blocked" || state == "preparing" || state == "queued" ||
                         state == "backing-off" || state == "starting";
  if (is_before && state != said && state != "starting") {
    std::fprintf(stderr,
                 "job %s is %s%s\n",
                 job.c_str(),
                 state.c_str(),
                 state == "preparing" ? ": its environment is being made" : "");
    said = state;
  }
  return !is_before;
}

Result<void> follow(Connection& connection, const std::string& job, const std::string& which) {
  std::string said = "queued";  // which most are for no more than a moment
  for (;;) {
    AION_TRY(const bool begun, has_begun(connection, job, said));
    if (begun) {
      break;
    }
    std::this_thread::sleep_for(kFollowPause);
  }
  std::uint64_t offset = 0;
  for (;;) {
    AION_TRY(const bool is_end, print_log(connection, job, which, offset));
    if (is_end) {
      // An attempt has ended; another may follow.
      AION_TRY(const Json now, connection.get(path_of(job, "/wait?timeout_ms=0")));
      const std::string state = now.value("state", "");
      if (!which.empty() || state == "succeeded" || state == "failed" || state == "cancelled") {
        return {};
      }
    }
    std::this_thread::sleep_for(kFollowPause);
  }
}

Exit submit(const Arguments& arguments, const FindPlace& find) {
  const auto request = job_request(arguments);
  if (!request) {
    failed(request.error());
    return Exit::WrongUse;
  }
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  const auto answer = (*connection)->post(kJobs, to_text(*request));
  if (!answer) {
    return failed(answer.error());
  }
  const Json& jobs = answer->at("jobs");
  const bool is_watched = arguments.has("wait") || arguments.has("follow");
  if (is_watched && jobs.size() == 1) {
    const std::string number = jobs[0].at("number").dump();
    if (arguments.has("follow")) {
      if (const auto followed = follow(**connection, number, ""); !followed) {
        return failed(followed.error());
      }
    }
    const auto ended = wait_for_end(**connection, number);
    return ended ? say_end(arguments, *ended) : failed(ended.error());
  }
  const auto text = read_answer([&]() -> Result<std::string> {
    const std::string first = jobs.at(0).at("number").dump();
    const std::string last = jobs.back().at("number").dump();
    return first == last ? first + "\n"
                         : first + " to " + last + " (" + std::to_string(jobs.size()) + " jobs)\n";
  });
  return print(arguments, *answer, text);
}

Exit list(const Arguments& arguments, const FindPlace& find) {
  const auto limit = number_flag(arguments, "limit", 50U, 1U, 10'000U);
  if (!limit) {
    return failed(limit.error());
  }
  std::string query = "?limit=" + std::to_string(*limit);
  if (const auto state = arguments.value("state")) {
    query += "&state=" + percent_encoded(*state);
  } else if (!arguments.has("all")) {
    query += "&open=true";
  }
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  const auto answer = (*connection)->get(kJobs + query);
  return answer ? print(arguments, *answer, read_answer([&] { return list_text(*answer); }))
                : failed(answer.error());
}

Exit show(const Arguments& arguments, const FindPlace& find) {
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  const auto answer = (*connection)->get(path_of(arguments.words[0]));
  return answer ? print(arguments, *answer, read_answer([&] { return show_text(*answer); }))
                : failed(answer.error());
}

Exit logs(const Arguments& arguments, const FindPlace& find) {
  std::string which;
  for (const char* const flag : {"attempt", "member"}) {
    if (const auto value = arguments.value(flag)) {
      which += std::string("&") + flag + "=" + percent_encoded(*value);
    }
  }
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  Result<void> done;
  if (arguments.has("follow")) {
    done = follow(**connection, arguments.words[0], which);
  } else {
    std::uint64_t offset = 0;
    const auto printed = print_log(**connection, arguments.words[0], which, offset);
    done = printed ? Result<void>() : Result<void>(printed.error());
  }
  return done ? Exit::Done : failed(done.error());
}

Exit wait(const Arguments& arguments, const FindPlace& find) {
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  Exit exit = Exit::Done;
  for (const std::string& job : arguments.words) {
    const auto ended = wait_for_end(**connection, job);
    if (!ended) {
      return failed(ended.error());
    }
    exit = say_end(arguments, *ended) == Exit::Done ? exit : Exit::Failed;
  }
  return exit;
}

Exit environments(const Arguments& arguments, const FindPlace& find) {
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  if (const auto unused = arguments.value("collect")) {
    const auto time = parse_time(*unused);
    if (!time) {
      return failed(in_context("--collect", time.error()));
    }
    const std::string query = "?unused_s=" + std::to_string(*time / 1000);
    const auto freed = (*connection)->post(kJobs + "/environments" + query, "");
    if (!freed) {
      return failed(freed.error());
    }
    const Bytes bytes{freed->value("freed_bytes", std::uint64_t{0})};
    return print(arguments, *freed, "freed " + to_string(bytes) + "\n");
  }
  const auto answer = (*connection)->get(kJobs + "/environments");
  return answer ? print(arguments, *answer, read_answer([&] { return environments_text(*answer); }))
                : failed(answer.error());
}

Exit act(const Arguments& arguments, const FindPlace& find, const std::string& verb) {
  std::unique_ptr<Connection> held;
  const auto connection = connect(arguments, find, held);
  if (!connection) {
    return failed(connection.error());
  }
  Exit exit = Exit::Done;
  Json jobs = Json::array();
  for (const std::string& job : arguments.words) {
    const auto answer = (*connection)->post(path_of(job, "/" + verb), "");
    if (!answer) {
      exit = failed(answer.error());
      continue;
    }
    jobs.push_back(*answer);
    if (!arguments.has("json")) {
      std::printf("job %s is %s\n", job.c_str(), answer->value("state", "").c_str());
    }
  }
  if (arguments.has("json")) {
    std::printf("%s\n", to_text(Json{{"jobs", std::move(jobs)}}).c_str());
  }
  return exit;
}

}  // namespace

std::vector<Command> job_commands(const FindPlace& find) {
  const auto options = [](std::vector<Option> own) {
    for (Option& option : connection_options()) {
      own.push_back(std::move(option));
    }
    own.push_back({"json", "", "print JSON"});
    return own;
  };
  std::vector<Option> submit_flags = submit_options();
  submit_flags.push_back({"wait", "", "wait for its end; the exit status is 0 when it succeeded"});
  submit_flags.push_back({"follow", "", "the same, and print what it prints"});
  const auto bound = [&find](Exit (*run)(const Arguments&, const FindPlace&)) {
    return [run, find](const Arguments& arguments) {
      return run(arguments, find);
    };
  };
  std::vector<Command> all{
      {"job submit",
       "[--] PROGRAM [ARGUMENT...]",
       0,
       kMostWords,
       "run a program when there is room for what it claims",
       options(std::move(submit_flags)),
       bound(submit)},
      {"job ls",
       "",
       0,
       0,
       "list jobs that have not ended, the newest first",
       options({{"all", "", "those that have ended, too"},
                {"state", "STATE", "only those in this state: queued, running, failed, ..."},
                {"limit", "N", "at most so many (default 50)"}}),
       bound(list)},
      {"job show",
       "JOB",
       1,
       1,
       "show a job with its story, or why it waits",
       options({}),
       bound(show)},
      {"job logs",
       "JOB",
       1,
       1,
       "print what a job has printed",
       options({{"follow", "", "go on until it has ended"},
                {"attempt", "N", "of this attempt (default: the last)"},
                {"member", "N", "of this member of a gang (default 0)"}}),
       bound(logs)},
      {"job wait",
       "JOB...",
       1,
       kMostWords,
       "wait for the end of jobs; the exit status is 0 when all succeeded",
       options({}),
       bound(wait)}};
  all.push_back(
      {"job environments",
       "",
       0,
       0,
       "list the Python environments of jobs, or remove those that are not used",
       options({{"collect", "TIME", "remove those that no job has used for so long, such as 30d"}}),
       bound(environments)});
  const std::array<std::pair<std::string, std::string>, 4> verbs{
      {{"cancel", "end jobs for good"},
       {"suspend", "let jobs stand still; they keep what they hold"},
       {"resume", "let suspended jobs go on"},
       {"requeue", "stop jobs, to start them again later"}}};
  for (const auto& [verb, summary] : verbs) {
    all.push_back({"job " + verb,
                   "JOB...",
                   1,
                   kMostWords,
                   summary,
                   options({}),
                   [find, name = verb](const Arguments& arguments) {
                     return act(arguments, find, name);
                   }});
  }
  return all;
}

}  // namespace aion::cli
