#!/usr/bin/env bash
# Makes the images of terminals and of the site's first page anew: docs/images/terminal.sh [help|training|site]...
#
# Terminals have 80 columns and are real ones (tmux); Chromium draws what they show. The training is of the folder NVG_PHOTOS, or
# of images that the shipped model draws, and is stopped when its image is made. NVG names the command, NVG_CHROMIUM the browser.
# Debian: tmux, chromium, pngquant.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
nvg=$(readlink -f -- "${NVG:-./nvg}") to=docs/images/terminal
chromium=${NVG_CHROMIUM:-chromium}
columns=80 lines=140 row=19 margin=12 width=704
work=$(mktemp -d)
terminal() { tmux -u -L "nvg-$$" -f /dev/null "$@"; }
trap 'terminal kill-server 2>/dev/null || true; rm -r "$work"' EXIT
mkdir -p "$to" "$work/bin"
ln -s -- "$nvg" "$work/bin/nvg"

# render URL FILE HEIGHT [WIDTH COLOURS]
render() {
  local sandbox=()
  # Chromium's sandbox refuses to start for root.
  [[ $(id -u) != 0 ]] || sandbox=(--no-sandbox)
  "$chromium" --headless "${sandbox[@]}" --user-data-dir="$work/browser" --allow-file-access-from-files --hide-scrollbars \
    --disable-lcd-text --force-device-scale-factor=1 --window-size="${4:-$width},$3" --virtual-time-budget=30000 \
    --screenshot="$work/full.png" "$1" 2>"$work/chromium.log" || { cat -- "$work/chromium.log" >&2; return 1; }
  # Text has few colours.
  pngquant --force --strip --nofs --output "$2" "${5:-16}" "$work/full.png"
}

# begin COMMAND: runs it in a new terminal, below a prompt.
begin() {
  terminal kill-server 2>/dev/null || true
  terminal start-server \; set -g status off \; set -g remain-on-exit on \; set -g remain-on-exit-format '' \; \
    new-session -d -x $columns -y $lines -c "$work" "PATH=$work/bin:\$PATH; printf '$ %s\n' '$1'; $1"
}

ended() { [[ $(terminal list-panes -F '#{pane_dead}') == 1 ]]; }

shown() { terminal capture-pane -p; }

# keep NAME: draws what the terminal shows now.
keep() {
  local text
  text=$(terminal capture-pane -e -p)
  sed "s|atob('TEXT')|atob('$(printf '%s' "$text" | base64 -w 0)')|" docs/images/terminal.html >"$work/$1.html"
  render "file://$work/$1.html" "$to/$1.png" $(($(wc -l <<<"$text") * row + 2 * margin))
}

help() {
  local name
  for name in "" generate; do
    begin "nvg${name:+ $name} --help"
    until ended; do sleep 1; done
    keep "${name:-nvg}-help"
  done
}

training() {
  if [[ -n ${NVG_PHOTOS:-} ]]; then
    cp -r -- "$NVG_PHOTOS" "$work/photos"
  else
    "$nvg" generate --class river,forest,field,residential --count 40 --seed 1 --quiet -o "$work/photos"
  fi
  begin 'nvg train photos -o runs/photos --hours 1'
  # The plan, and a line of progress with the remaining time.
  until shown | grep -q 'tokenizer: .* left'; do
    ! ended || { shown >&2; return 1; }
    sleep 2
  done
  keep training
}

site() {
  build/site.sh >/dev/null
  render "file://$PWD/.build/site/html/index.html" "$to/site.png" 560 1100 64
}

for part in "${@:-help training site}"; do
  for each in $part; do "$each"; done
done
