#include "net/grpc/reflection.h"

#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <net/grpc/reflection.pb.h>

namespace aion::net {

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using reflection::ServerReflectionRequest;
using reflection::ServerReflectionResponse;
using Names = std::shared_ptr<const std::vector<std::string>>;

constexpr int kNotFound = 5;  // statuses of gRPC, here inside a message
constexpr int kUnimplemented = 12;

void set_error(ServerReflectionResponse& response, int code, std::string text) {
  response.mutable_error_response()->set_error_code(code);
  response.mutable_error_response()->set_error_message(std::move(text));
}

/// The file behind those it imports.
void add_file(const FileDescriptor& file,
              std::set<std::string_view>& seen,
              reflection::FileDescriptorResponse& out) {
  if (!seen.insert(file.name()).second) {
    return;
  }
  google::protobuf::FileDescriptorProto schema;
  file.CopyTo(&schema);
  out.add_file_descriptor_proto(schema.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) {
    add_file(*file.dependency(i), seen, out);
  }
}

void set_file(ServerReflectionResponse& response, const FileDescriptor* file, const char* what) {
  if (file == nullptr) {
    set_error(response, kNotFound, std::string(what) + " not found");
    return;
  }
  std::set<std::string_view> seen;
  add_file(*file, seen, *response.mutable_file_descriptor_response());
}

void set_extensions(ServerReflectionResponse& response, const std::string& type) {
  if (DescriptorPool::generated_pool()->FindMessageTypeByName(type) == nullptr) {
    set_error(response, kNotFound, "type not found");
    return;
  }
  response.mutable_all_extension_numbers_response()->set_base_type_name(type);  // there are none
}

ServerReflectionResponse answer_to(const ServerReflectionRequest& request,
                                   const std::vector<std::string>& services) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case ServerReflectionRequest::kFileByFilename:
      set_file(response, pool.FindFileByName(request.file_by_filename()), "file");
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      set_file(response, pool.FindFileContainingSymbol(request.file_containing_symbol()), "symbol");
      break;
    case ServerReflectionRequest::kFileContainingExtension:
      set_error(response, kNotFound, "extension not found");
      break;
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      set_extensions(response, request.all_extension_numbers_of_type());
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      set_error(
          response, kUnimplemented, "expected one of the questions of ServerReflectionRequest");
      break;
  }
  return response;
}

/// Answers one question after another; the next is read when the answer has gone.
class ReflectionCall final : public GrpcReceiver {
 public:
  ReflectionCall(std::shared_ptr<GrpcCall> call, Names services)
      : call_(std::move(call)), services_(std::move(services)) {
    call_->read();
  }

  void on_message(std::string_view message) override {
    ServerReflectionRequest request;
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      call_->finish({GrpcCode::InvalidArgument, "expected a ServerReflectionRequest"});
      return;
    }
    call_->write(answer_to(request, *services_).SerializeAsString());
  }
  void on_written() override { call_->read(); }
  void on_half_close() override { call_->finish({}); }
  void on_cancel() override {}

 private:
  std::shared_ptr<GrpcCall> call_;
  Names services_;
};

}  // namespace

std::vector<GrpcService> reflection_services(const std::vector<std::string>& services) {
  const std::vector<std::string> own = {"grpc.reflection.v1.ServerReflection",
                                        "grpc.reflection.v1alpha.ServerReflection"};
  const auto names = std::make_shared<const std::vector<std::string>>(services);
  const GrpcMethod method = [names](std::shared_ptr<GrpcCall> call) {
    return std::make_shared<ReflectionCall>(std::move(call), names);
  };
  std::vector<GrpcService> made;
  for (const std::string& name : own) {
    made.push_back({name, {{"ServerReflectionInfo", method}}});
  }
  return made;
}

}  // namespace aion::net
