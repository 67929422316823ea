#!/usr/bin/env bash
# Installs what the tests want from the system (Debian or Ubuntu, as root).
set -euo pipefail
if [ "$(id -u)" != 0 ]; then
  echo "setup:tests installs packages and must run as root: sudo npm run setup:tests" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium git openssl python3 python3-flask bash procps iproute2 fonts-dejavu-core bubblewrap passt nftables > /dev/null
# Containers and small machines lack the device of private networks, or keep it to root.
if [ ! -e /dev/net/tun ]; then mkdir -p /dev/net && mknod /dev/net/tun c 10 200 || true; fi
chmod 666 /dev/net/tun 2> /dev/null || true
echo "setup:tests: chromium, git, openssl, python3 with Flask, bash, bubblewrap, passt, nftables are there"
