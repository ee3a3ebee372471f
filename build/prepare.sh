# Sourced by nvg, test and .ci/run: finds or installs what the build needs, and builds what is stale.
# Expects $root, the absolute path of the repository.

# A .NET SDK installed by its script rather than by a package.
[[ -n ${DOTNET_ROOT:-}${HOME:-} ]] && PATH=$PATH:${DOTNET_ROOT:-$HOME/.dotnet}

state=$root/.build
if [[ -n ${LIBTORCH:-} ]]; then
  libtorch=${LIBTORCH%/}
  [[ $libtorch == /* ]] || libtorch=$(cd -- "$libtorch" 2>/dev/null && pwd || printf %s "$libtorch")
  variant=${libtorch//[^A-Za-z0-9._-]/_}
  variant=${variant: -$((${#variant} < 180 ? ${#variant} : 180))}
  native_folder=$root/native/build-$variant
  torch_include=$libtorch/include
else
  libtorch=
  variant=system
  native_folder=$root/native/build
  torch_include=/usr/include
fi
apps=$state/$variant

say() { printf 'nvg: %s\n' "$*" >&2; }
say_building() { say "Building… (a few minutes the first time; log: .build/log/)"; }
die() {
  say "$@"
  exit 1
}

# --- what must be installed -----------------------------------------------------------------------------------

has_library() {
  local folder
  # Not grep -q: it would close the pipe early, which pipefail treats as a failure.
  PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -F -- "$1" >/dev/null && return 0
  local -a folders
  IFS=: read -ra folders <<<"${LD_LIBRARY_PATH:-}"
  for folder in ${folders[@]+"${folders[@]}"}; do
    [[ -n $folder && -e $folder/$1 ]] && return 0
  done
  return 1
}

has_header() {
  [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]]
}

has_dotnet_sdk() {
  # global.json determines the SDK version, so dotnet must run in this folder.
  (cd "$root" && dotnet --version) >/dev/null 2>&1
}

list_missing_packages() {
  missing=()
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  command -v cmake >/dev/null || missing+=(cmake)
  command -v make >/dev/null || missing+=(make)
  if [[ -z $libtorch ]]; then
    has_header torch/csrc/api/include/torch/version.h && has_library libtorch_cpu.so || missing+=(libtorch-dev)
    has_header gloo/config.h || missing+=(libgloo-dev)
    has_library libopenblas.so.0 || missing+=(libopenblas0-pthread)
  fi
}

install_packages() {
  local log=$state/log/install.log
  say "installing $* with apt-get (log: $log)"
  {
    # Package lists that cannot be refreshed may still be good enough; the installation decides.
    apt-get -q -o DPkg::Lock::Timeout=300 update || true
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
  } >"$log" 2>&1 </dev/null 9>&- || {
    tail -n 30 "$log" >&2
    die "apt-get could not install $*: see $log"
  }
}

check_requirements() {
  local problem=0
  list_missing_packages
  if [[ $variant != managed ]] && ((${#missing[@]})) && can_install; then
    install_packages "${missing[@]}"
    list_missing_packages
  fi
  if ! has_dotnet_sdk; then
    say "missing: a .NET 10 SDK that suits global.json (https://dotnet.microsoft.com/download/dotnet/10.0)"
    problem=1
  fi
  if ((${#missing[@]})); then
    local sudo='sudo '
    ((EUID == 0)) && sudo=
    say "missing: ${missing[*]}"
    say "install with: ${sudo}apt-get install ${missing[*]}"
    if [[ $variant == managed ]]; then
      say "until then, images are made through libtorch from NuGet (130 MB), without training and GPUs: docs/doors.md"
    else
      problem=1
    fi
  fi
  if [[ -n $libtorch && ! -e $libtorch/lib/libtorch_cpu.so ]]; then
    say "LIBTORCH=$LIBTORCH: no lib/libtorch_cpu.so there (a libtorch zip's or a pip torch package's folder is meant)"
    problem=1
  fi
  ((problem == 0)) || exit 1
}

# Lists packages that only some tests need. Without them these tests are skipped, so nothing is installed and nothing fails.
name_optional_packages() {
  command -v "${NVG_CHROMIUM:-chromium}" >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    say "chromium is not installed: the tests of the studio will be skipped (apt-get install chromium)"
}

# Whether this script can install what list_missing_packages found.
can_install() {
  ((EUID == 0)) && [[ ${NVG_NO_INSTALL:-} != 1 ]] && command -v apt-get >/dev/null
}

# Whether images must be made through libtorch from NuGet (docs/doors.md): on request, or because a compiler or libtorch is missing.
needs_managed_door() {
  [[ -z ${NVG_DOOR:-} ]] || {
    [[ $NVG_DOOR == managed ]]
    return
  }
  [[ -z $libtorch && -z ${NVG_NATIVE:-} ]] || return 1
  list_missing_packages
  ((${#missing[@]})) && ! can_install
}

# From here on, everything refers to the command without a compiled library.
use_managed_door() {
  variant=managed
  apps=$state/$variant
}

# --- what is stale --------------------------------------------------------------------------------------------

# Names, sizes and times of all files that the command is built from, in one process. Deleted files are no longer listed.
list_inputs() {
  cd -- "$root" || return
  local -a inputs=(src native Directory.*.props global.json build)
  [[ $variant == managed ]] || inputs+=("$torch_include/torch/csrc/api/include/torch/version.h")
  find "${inputs[@]}" \
    '(' -name bin -o -name obj -o -name node_modules -o -name 'build-*' -o -path native/build -o -name '.*' ')' -prune \
    -o -type f -printf '%p %s %T@\n' 2>/dev/null
}

# The same by content: checkouts, copies and image layers change only the times.
digest_inputs() {
  cd -- "$root" && list_inputs | sed 's/ [0-9]* [0-9.]*$//' | LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum
}

is_current() {
  [[ -e $apps/app/Nvg.Cli.dll && -e $apps/app/inputs ]] || return 1
  local now
  now=$(list_inputs) || true
  [[ $now == "$(<"$apps/app/inputs")" ]] && return 0
  [[ $(digest_inputs) == "$(<"$apps/app/digest")" ]] || return 1
  # The quick check will suffice next time, if the list can be written.
  { printf '%s\n' "$now" >"$apps/app/inputs.$$" && mv -f -- "$apps/app/inputs.$$" "$apps/app/inputs"; } 2>/dev/null || true
}

# --- building -------------------------------------------------------------------------------------------------

# One build at a time in this checkout. The lock is never handed to a build's children: compiler servers outlive it.
lock_build() {
  mkdir -p -- "$state/log" "$apps" 2>/dev/null && [[ -w $state ]] && exec 9>"$state/lock" ||
    die "the build is out of date, and $state cannot be written"
  flock -n 9 || {
    say "waiting for another build…"
    flock 9
  }
}

unlock_build() {
  exec 9>&-
}

# Runs a step of the build: prints nothing if it succeeds, and its last lines if it fails.
step() {
  local name=$1 log=$state/log/$1.log
  shift
  DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false \
    "$@" >"$log" 2>&1 </dev/null 9>&- && return 0
  tail -n 30 "$log" >&2
  die "$name failed: see $log"
}

build_native() {
  local target=$1
  shift
  step native-build "$root/build/native.sh" "$native_folder" "$libtorch" "$target" "$@"
}

build_managed() {
  local name=$1
  shift
  cd -- "$root"
  step "$name" dotnet build "$@" -c Release -v minimal -nodeReuse:false \
    -p:UseSharedCompilation=false "-p:NvgNativeFolder=$native_folder" -p:NvgSkipNative=true
}

# Removes superseded builds, except those that a running process still holds (see hold_app in nvg).
remove_old_apps() {
  local folder current
  current=$(readlink -- "$apps/app" || true)
  for folder in "$apps"/app.*; do
    [[ -d $folder && ${folder##*/} != "$current" ]] || continue
    (flock -n -x 8 && rm -rf -- "$folder") 8<"$folder" || true
  done
}

# Builds the command and puts it where nvg starts it: into its own folder, made current by one rename. A process that
# runs from an older folder keeps its files; the build's own output is overwritten in place.
build_app() {
  local inputs digest app
  inputs=$(list_inputs) || true
  digest=$(digest_inputs)
  if [[ $variant == managed ]]; then
    step libtorch "$root/build/managed/libtorch.sh"
  else
    build_native nvg_torch
  fi
  (build_managed managed-build src/Nvg.Cli)
  app=$(mktemp -d -- "$apps/app.XXXXXXXX")
  chmod 755 -- "$app"
  cp -R -- "$root"/src/Nvg.Cli/bin/Release/net10.0/. "$app"
  [[ $variant != managed ]] || rm -f -- "$app/libnvg_torch.so"
  printf '%s\n' "$inputs" >"$app/inputs"
  printf '%s\n' "$digest" >"$app/digest"
  ln -s -- "${app##*/}" "$app.link"
  mv -fT -- "$app.link" "$apps/app"
  remove_old_apps
}
