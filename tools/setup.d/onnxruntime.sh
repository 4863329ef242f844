# ONNX Runtime: the library out of its wheel, the headers out of a Debian 13 package. Sourced by tools/setup.

# The library's version is pinned in tools/requirements/onnxruntime.txt, the headers' here. Headers older than
# the library is the direction that ONNX Runtime supports; API 21 is the one the code is written for.
headers_package=libonnxruntime-dev
headers_version=1.21.0+dfsg-1
headers_suite=trixie

onnxruntime_library() {
  local key out="$deps/onnxruntime/lib" wheels="$deps/tmp/onnxruntime"
  key="$(key_of "$root/tools/requirements/onnxruntime.txt")"
  if is_done onnxruntime-library "$key" && compgen -G "$out/libonnxruntime.so.*" >/dev/null; then
    return
  fi
  local start
  start=$(now_ms)
  say "setup: fetching the ONNX Runtime library, which the daemon opens when it starts (a wheel, 23 MB)"
  download_wheels onnxruntime
  rm -rf "$out"
  mkdir -p "$out"
  "$python" "$root/tools/setup.d/unzip_wheel.py" "$wheels" "$out" \
    'onnxruntime/capi/libonnxruntime.so.*' onnxruntime/LICENSE onnxruntime/ThirdPartyNotices.txt
  rm -rf "$wheels"
  done_with onnxruntime-library "$key" "$start"
}

onnxruntime_headers() {
  local key out="$deps/onnxruntime/include" work="$deps/tmp/headers"
  key="$headers_package $headers_version $headers_suite"
  if is_done onnxruntime-headers "$key" && [[ -f $out/onnxruntime_c_api.h ]]; then
    return
  fi
  local start
  start=$(now_ms)
  say "setup: fetching the ONNX Runtime headers ($headers_package $headers_version of Debian's $headers_suite;" \
    "private lists, nothing is installed)"
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  "$python" "$root/tools/setup.d/debian_source.py" --suite "$headers_suite" --out "$work/debian.sources" ||
    fail "no Debian package source found on this machine to fetch $headers_package from"
  local options=(
    -q -o "Dir::Etc::sourcelist=$work/debian.sources" -o Dir::Etc::sourceparts=-
    -o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=-
    -o "Dir::State::lists=$work/lists" -o Dir::State::status=/dev/null -o "Dir::Cache=$work/cache"
    -o "APT::Sandbox::User=$(id -un)" -o APT::Update::Post-Invoke= -o Acquire::Languages=none
    -o Acquire::Retries=3)
  run_logged "$deps/logs/headers.log" apt-get "${options[@]}" update || fail "Debian's $headers_suite cannot be read"
  (cd "$work" && run_logged "$deps/logs/headers.log" \
    apt-get "${options[@]}" download "$headers_package=$headers_version") ||
    fail "$headers_package $headers_version cannot be downloaded from Debian's $headers_suite"
  dpkg-deb -x "$work/${headers_package}"_*.deb "$work/root"
  rm -rf "$out"
  mkdir -p "$out"
  # Flat, so that <onnxruntime_c_api.h> is found with one include path.
  find "$work/root/usr/include" -name '*.h' -exec cp -t "$out" {} +
  [[ -f $out/onnxruntime_c_api.h ]] || fail "$headers_package $headers_version holds no onnxruntime_c_api.h"
  rm -rf "$work"
  done_with onnxruntime-headers "$key" "$start"
}
