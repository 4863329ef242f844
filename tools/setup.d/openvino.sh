# OpenVINO: headers, the library, its CPU device and the readers of four model formats, all out of its wheel.
# Sourced by tools/setup.

openvino_library() {
  local key out="$deps/openvino" wheels="$deps/tmp/openvino"
  key="$(key_of "$root/tools/requirements/openvino.txt" "$root/tools/setup.d/openvino.sh")"
  if is_done openvino "$key" && compgen -G "$out/lib/libopenvino.so.*" >/dev/null; then
    return
  fi
  local start
  start=$(now_ms)
  say "setup: fetching OpenVINO, which the daemon opens for the first model that wants it (a wheel, 59 MB)"
  download_wheels openvino
  rm -rf "$out"
  mkdir -p "$out/lib" "$out/include"
  "$python" "$root/tools/setup.d/unzip_wheel.py" --below openvino/include "$wheels" "$out/include" \
    'openvino/include/openvino/*' || fail "the wheel of OpenVINO holds other headers than expected"
  # Without the devices (GPU, NPU) and the formats that the adapter does not serve: 100 of 162 MB.
  "$python" "$root/tools/setup.d/unzip_wheel.py" "$wheels" "$out/lib" \
    'openvino/libs/libopenvino.so.*' 'openvino/libs/libopenvino_intel_cpu_plugin.so' \
    'openvino/libs/libopenvino_ir_frontend.so.*' 'openvino/libs/libopenvino_onnx_frontend.so.*' \
    'openvino/libs/libopenvino_tensorflow_frontend.so.*' 'openvino/libs/libopenvino_tensorflow_lite_frontend.so.*' \
    'openvino/libs/libtbb.so.*' '*.dist-info/licenses/LICENSE' '*.dist-info/licenses/licensing/*.txt' ||
    fail "the wheel of OpenVINO holds other libraries than expected"
  rm -rf "$wheels"
  done_with openvino "$key" "$start"
}
