#include "simulate/trace_formats.h"

#include <array>

namespace aion::simulate {

std::span<const TraceFormat> trace_formats() {
  static const std::array kFormats{philly_format(),  // before tiresias, whose columns it has, too
                                   tiresias_format(),
                                   openb_pod_format(),
                                   openb_node_format(),
                                   gavel_format(),
                                   swf_format()};
  return kFormats;
}

}  // namespace aion::simulate
