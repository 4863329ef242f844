# Python packages: one virtual environment, because Debian's own Python refuses pip (PEP 668). Sourced by tools/setup.

venv="$deps/venv"
python="$venv/bin/python"
pip_options=(--quiet --no-input --disable-pip-version-check --only-binary :all:)

make_venv() {
  local key start
  key="$(/usr/bin/python3 -c 'import sys; print(sys.version)') $venv"
  if is_done venv "$key" && [[ -x $python ]]; then
    return
  fi
  start=$(now_ms)
  say "setup: making a Python environment in .deps/venv (Debian's own refuses pip)"
  rm -rf "$venv" "$stamps"/python-*
  run_logged "$deps/logs/venv.log" /usr/bin/python3 -m venv "$venv" || fail "python3 -m venv failed"
  done_with venv "$key" "$start"
}

# python_packages NAME WHY: what tools/requirements/NAME.txt lists.
python_packages() {
  local name=$1 why=$2 list="$root/tools/requirements/$1.txt" pins="$root/tools/requirements/pins.txt" key start
  key="$(key_of "$list" "$pins")"
  if is_done "python-$name" "$key"; then
    return
  fi
  start=$(now_ms)
  say "setup: installing Python packages into .deps/venv ($why)"
  run_logged "$deps/logs/pip-$name.log" \
    "$python" -m pip install "${pip_options[@]}" --constraint "$pins" --requirement "$list" || fail "pip install failed"
  done_with "python-$name" "$key" "$start"
}

# download_wheels NAME: the wheels of tools/requirements/NAME.txt, alone, into .deps/tmp/NAME.
download_wheels() {
  local name=$1
  rm -rf "$deps/tmp/$name"
  mkdir -p "$deps/tmp/$name"
  run_logged "$deps/logs/pip-$name.log" \
    "$python" -m pip download "${pip_options[@]}" --no-deps --dest "$deps/tmp/$name" \
    --requirement "$root/tools/requirements/$name.txt" || fail "pip download failed"
}
