#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# OpenStack Swift with s3api and tempauth, loopback only: proxy, object, container, account server.
#     swift.sh start DIR PORT     takes PORT..PORT+3; prints KEY=VALUE lines
#     swift.sh stop DIR
# DIR lies on a file system with user extended attributes.
set -eu
verb=${1:?start or stop} dir=${2:?folder}
servers="proxy object container account"

stop()
{
    for server in $servers; do
        [ -s "$dir/run/$server.pid" ] || continue
        kill -TERM "$(cat "$dir/run/$server.pid")" 2>/dev/null || true
    done
    for server in $servers; do
        [ -s "$dir/run/$server.pid" ] || continue
        pid=$(cat "$dir/run/$server.pid")
        for _ in $(seq 40); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.05
        done
        kill -KILL "$pid" 2>/dev/null || true
        rm -f "$dir/run/$server.pid"
    done
}

if [ "$verb" = stop ]; then
    stop
    exit 0
fi
port=${3:?port}
command -v swift-proxy-server >/dev/null || { echo "swift.sh: no swift-proxy-server" >&2; exit 3; }
umask 077
mkdir -p "$dir/etc" "$dir/node/d1" "$dir/run/cache" "$dir/log"
dir=$(cd "$dir" && pwd)
export HOME="$dir" PYTHONWARNINGS=ignore
cat >"$dir/etc/swift.conf" <<CONF
[swift-hash]
swift_hash_path_suffix = test
swift_hash_path_prefix = test
[storage-policy:0]
name = Policy-0
default = yes
[swift-constraints]
max_object_name_length = 1024
CONF
# the three rings in one interpreter: swift-ring-builder would cost nine starts
/usr/bin/python3 - "$dir/etc" "$port" >>"$dir/log/start.log" 2>&1 <<'RINGS'
import sys
from swift.common.ring.builder import RingBuilder
etc, port = sys.argv[1], int(sys.argv[2])
for i, name in enumerate(("object", "container", "account"), 1):
    ring = RingBuilder(4, 1, 0)
    ring.add_dev(dict(id=0, region=1, zone=1, weight=1, device="d1", meta="", ip="127.0.0.1",
                      port=port + i, replication_ip="127.0.0.1", replication_port=port + i))
    ring.rebalance()
    ring.get_ring().save("%s/%s.ring.gz" % (etc, name))
RINGS
i=0
for server in object container account; do
    i=$((i + 1))
    cat >"$dir/etc/$server-server.conf" <<CONF
[DEFAULT]
devices = $dir/node
mount_check = false
bind_ip = 127.0.0.1
bind_port = $((port + i))
workers = 0
user = $(id -un)
swift_dir = $dir/etc
recon_cache_path = $dir/run/cache
log_level = WARNING
disable_fallocate = true
[pipeline:main]
pipeline = $server-server
[app:$server-server]
use = egg:swift#$server
[$server-replicator]
[$server-updater]
[$server-auditor]
CONF
done
# tempauth wants a cache although no memcached runs: every look-up misses
cat >"$dir/etc/proxy-server.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $(id -un)
swift_dir = $dir/etc
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
connect_timeout = 0.01
tries = 1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
allowable_clock_skew = 300
auth_pipeline_check = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
CONF
for server in $servers; do
    "swift-$server-server" "$dir/etc/$server-server.conf" -v >>"$dir/log/$server.log" 2>&1 \
        </dev/null &
    echo $! >"$dir/run/$server.pid"
done
for _ in $(seq 1200); do
    ok=1
    curl -fs -o /dev/null --max-time 2 "http://127.0.0.1:$port/healthcheck" || ok=
    for i in 1 2 3; do
        [ -z "$ok" ] || curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$((port + i))/" || ok=
    done
    [ -z "$ok" ] || break
    sleep 0.05
done
if [ -z "$ok" ]; then
    echo "swift.sh: does not answer" >&2
    tail -n 3 "$dir"/log/*.log >&2
    stop
    exit 4
fi
cat <<OUT
endpoint=http://127.0.0.1:$port
region=us-east-1
access=test:tester
secret=testing
OUT
