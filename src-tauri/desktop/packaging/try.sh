#!/bin/bash
# Installs a .deb into a copy of this system (an overlay: nothing of it stays), opens the window by the desktop entry's own
# command on a display of its own, removes the package, and fails if anything of it is left. Needs root.
set -euo pipefail
deb=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "a copy of the system needs root: run it as root, or with sudo"; exit 1; }
if [ "${2:-}" != inside ]; then exec unshare --mount --pid --fork --kill-child bash "$0" "$deb" inside; fi

work=$(mktemp -d)
mount -t tmpfs none "$work"
mkdir "$work"/{upper,lower,copy}
mount -t overlay none -o "lowerdir=/,upperdir=$work/upper,workdir=$work/lower" "$work/copy"
copy=$work/copy
mount -t proc none "$copy/proc"; mount --rbind /dev "$copy/dev"; mount -t tmpfs none "$copy/tmp"; mount -t tmpfs none "$copy/run"
cp "$deb" "$copy/tmp/firstlight.deb"
chroot "$copy" dpkg --install /tmp/firstlight.deb
for wanted in /usr/bin/firstlight /usr/bin/firstlight-desktop /usr/share/applications/firstlight.desktop \
  /usr/lib/udev/rules.d/70-firstlight.rules /usr/share/metainfo/io.firstlight.desktop.metainfo.xml /usr/share/doc/firstlight/LICENSE-MIT; do
  [ -e "$copy$wanted" ] || { echo "the package lacks $wanted"; exit 1; }
done
chroot "$copy" firstlight --version

# The command is the one that a desktop would run.
command=$(sed -n 's/^Exec=//p' "$copy/usr/share/applications/firstlight.desktop" | head -1)
echo "opening the window: $command --practice"
chroot "$copy" env HOME=/tmp XDG_RUNTIME_DIR=/run MESA_SHADER_CACHE_DISABLE=true WEBKIT_DISABLE_COMPOSITING_MODE=1 LANG=C.UTF-8 \
  dbus-run-session -- xvfb-run -a bash -c "
    $command --practice & app=\$!
    for try in \$(seq 300); do
      if xwininfo -name 'Firstlight (practice)' 2>/dev/null | grep -q IsViewable; then kill \$app; exit 0; fi
      kill -0 \$app 2>/dev/null || { echo 'the app ended before its window showed'; exit 1; }
      sleep 0.2
    done
    echo 'no window'; kill \$app; exit 1"
echo "the window showed"

chroot "$copy" dpkg --purge firstlight
# The upper layer holds all that is not as it was. What dpkg and its triggers write for themselves (records, logs, caches)
# is no trace of the package; of folders only those count that were not there before.
left=$(cd "$work/upper" && find . -mindepth 1 \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune -o -print |
  while read -r path; do
    case "$path" in *.cache | ./usr/share/man/*) continue ;; esac
    [ -d "$path" ] && [ -d "/$path" ] || echo "$path"
  done)
[ -z "$left" ] || { printf 'traces were left:\n%s\n' "$left"; exit 1; }
echo "removed without a trace"
