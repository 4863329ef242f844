# The real tritonserver, which the differential tests hold Aion against: out of its wheel into .deps/triton. Sourced by tools/setup.

# .deps/triton/pytriton/tritonserver    the server, its Python backend
# .deps/triton/nvidia_pytriton.libs     the libraries that both need
# .deps/triton/venv                     what its models import: first in the PATH of the server, seen by nobody else
triton_server() {
  local key out="$deps/triton" server start version stub
  key="$(key_of "$root/tools/requirements/triton.txt" "$root/tools/requirements/triton-python.txt")"
  if is_done triton "$key" && [[ -x $out/pytriton/tritonserver/bin/tritonserver ]]; then
    return
  fi
  start=$(now_ms)
  say "setup: fetching the real tritonserver, which the differential tests compare with (wheels, 73 MB)"
  download_wheels triton
  rm -rf "$out"
  mkdir -p "$out"
  "$python" -m zipfile -e "$deps/tmp/triton"/*.whl "$out"
  rm -rf "$deps/tmp/triton"
  server="$out/pytriton/tritonserver"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  stub="$server/python_backend_stubs/$version/triton_python_backend_stub"
  [[ -f $stub ]] || fail "the wheel of tritonserver holds no Python backend for Python $version"
  # A zip archive as the Python module reads it has no modes.
  install -m 755 "$stub" "$server/backends/python/triton_python_backend_stub"
  rm -rf "$server/python_backend_stubs"
  chmod 755 "$server/bin/tritonserver"
  /usr/bin/python3 -m venv --without-pip "$out/venv"
  run_logged "$deps/logs/pip-triton-python.log" \
    "$python" -m pip --python "$out/venv/bin/python" install "${pip_options[@]}" --no-deps \
    --requirement "$root/tools/requirements/triton-python.txt" || fail "pip install failed"
  done_with triton "$key" "$start"
}
