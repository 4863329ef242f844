# Debian packages: installs those of a list that are missing, and only then asks for root. Sourced by tools/setup.

# as_root COMMAND...: runs it as root, or fails with status 125 where there is neither root nor sudo.
as_root() {
  if ((EUID == 0)); then
    "$@"
    return
  fi
  command -v sudo >/dev/null || return 125
  local ask=() kept=() name
  [[ -t 1 || -t 2 ]] || ask=(-n)
  sudo "${ask[@]}" true 2>/dev/null || return 125
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [[ -n ${!name-} ]]; then
      kept+=("$name=${!name}")
    fi
  done
  sudo "${ask[@]}" env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "${kept[@]}" "$@"
}

# packages_of FILE...: the names in requirement files, without comments.
packages_of() { sed -e 's/#.*//' "$@" | tr -s ' \t' '\n' | sed '/^$/d'; }

# missing_packages NAME...: those that are not installed.
missing_packages() {
  local have
  have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i  *//p' || true)
  comm -23 <(printf '%s\n' "$@" | sort -u) <(printf '%s\n' "$have" | sort -u)
}

# lists_know NAME...: whether apt's lists offer every package, so that no update is needed.
lists_know() {
  local offered
  offered=$(apt-cache policy "$@" 2>/dev/null | grep -c '^  Candidate: [0-9]' || true)
  ((offered == $#))
}

apt_install() {
  as_root apt-get -o DPkg::Lock::Timeout=500 install -y -q --no-install-recommends "$@"
}

apt_update() { as_root apt-get -o DPkg::Lock::Timeout=500 update -q; }

# install_packages WHY NAME...: installs what is missing of it.
install_packages() {
  local why=$1 missing start
  shift
  command -v dpkg-query >/dev/null || fail "this needs Debian 12 (apt); install these packages by hand: $*"
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    return
  fi
  say "setup: installing ${#missing[@]} Debian packages ($why): ${missing[*]}"
  start=$(now_ms)
  if ! as_root true; then
    fail "neither root nor sudo; as root, run: apt-get install --no-install-recommends ${missing[*]}"
  fi
  local log="$deps/logs/apt.log"
  if ! lists_know "${missing[@]}"; then
    say "setup: reading the package lists (apt-get update), since they do not name all of these yet"
    run_logged "$log" apt_update || fail "apt-get update failed"
  fi
  if ! apt_install "${missing[@]}" >"$log" 2>&1; then
    say "setup: the package lists are out of date; reading them again"
    run_logged "$log" apt_update || fail "apt-get update failed"
    run_logged "$log" apt_install "${missing[@]}" || fail "apt-get install failed"
  fi
  say "setup: Debian packages installed in $(seconds_since "$start")"
}
