# Makes minimal trees of Debian; sourced by the scripts that run something in one. These scripts define a function fail, which ends
# the script with a message.

# debian_tree TREE SUITE PACKAGES [NAME]: a tree of the suite with these packages (separated by commas) in the folder TREE. An
# existing tree is reused. NAME is what the message calls the suite. The tree resolves host names as this machine does.
debian_tree() {
  local tree=$1 suite=$2 packages=$3 name=${4:-$2} script=${0##*/}
  if [[ ! -x $tree/usr/bin/apt-get ]]; then
    command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
    mkdir -p -- "$tree"
    echo "${script%.sh}: making a tree of $name in $tree…" >&2
    debootstrap --variant=minbase "--include=$packages" "$suite" "$tree" >"$tree.log" 2>&1 || fail "debootstrap failed: see $tree.log"
  fi
  cp -L -- /etc/resolv.conf /etc/hosts "$tree/etc/"
}
