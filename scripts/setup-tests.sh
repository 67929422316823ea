#!/usr/bin/env bash
# Installs what the tests want from the system (Debian or Ubuntu, as root).
set -euo pipefail
if [ "$(id -u)" != 0 ]; then
  echo "setup:tests installs packages and must run as root: sudo npm run setup:tests" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium git python3 bash procps fonts-dejavu-core > /dev/null
echo "setup:tests: chromium, git, python3, bash are there"
