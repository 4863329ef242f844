// /api/aion/v1/jobs: submit programs, look at them, and tell them what to do.
#pragma once

#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/json.h"
#include "jobs/job_service.h"
#include "net/http/server.h"
#include "security/authorizer.h"
#include "security/owner_token.h"

namespace aion::native {

/// Who starts programs has the daemon's hands, so every call shows the token of the data folder
/// ("Authorization: Bearer ...").
///
/// POST /jobs                 a JobSpec (see jobs::parse_spec), and "array": [indices] ->
/// {"jobs":[...]} GET  /jobs?state=&open=&array=&before=&limit=  -> {"jobs":[...], the newest
/// first, "counts":{...}} GET  /jobs/N               -> the job with its "spec", "why" it does not
/// run, and its "story" GET  /jobs/N/wait?timeout_ms=  -> the job, once it has ended or the time is
/// over GET  /jobs/N/log?attempt=&member=&offset=&limit=  -> the bytes; the headers Aion-Log-Offset
/// (of
///                            the first), Aion-Log-End (1 = nothing follows)
/// GET  /jobs/environments    ->
/// {"environments":[{"key","python","size_bytes","used_ms","contents"}]} POST
/// /jobs/environments?unused_s=  -> {"freed_bytes"}: removes those not used for so long POST
/// /jobs/N/cancel, suspend, resume, requeue  -> the job
class JobsApi final : public net::HttpHandler {
 public:
  struct Parts {  // all outlive the handler
    jobs::JobService& jobs;
    security::Authorizer& authorizer;
    const security::OwnerToken& token;
    Executors& executors;
  };
  explicit JobsApi(Parts parts) : parts_(parts) {}

  [[nodiscard]] Awaitable<net::HttpResponse> handle(net::HttpRequest& request) override;

 private:
  struct Call;
  [[nodiscard]] Task<net::HttpResponse> answer(Call call);
  [[nodiscard]] Task<net::HttpResponse> submit(Call call);
  [[nodiscard]] Task<net::HttpResponse> list(Call call);
  [[nodiscard]] Task<net::HttpResponse> show(Call call);
  [[nodiscard]] Task<net::HttpResponse> log(Call call);
  [[nodiscard]] Task<net::HttpResponse> wait(Call call);
  [[nodiscard]] Task<net::HttpResponse> act(Call call);
  [[nodiscard]] Task<net::HttpResponse> environments(Call call);

  Parts parts_;
};

}  // namespace aion::native
