#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A one-machine Ceph object gateway, loopback only: a monitor, an OSD that keeps its data in memory,
# radosgw. No manager is needed.
#     radosgw.sh start DIR PORT     takes PORT..PORT+9; prints KEY=VALUE lines
#     radosgw.sh stop DIR
# RGW_STORE=bluestore keeps the data in a file of RGW_BYTES. More gateways with a pid file
# DIR/run/rgw*.pid are stopped, too.
set -eu
verb=${1:?start or stop} dir=${2:?folder}

stop_one()
{
    [ -s "$1" ] || return 0
    pid=$(cat "$1")
    kill "-$2" "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$1"
}

stop()
{
    # the gateway first: it would wait for an OSD that is gone
    for pid_file in "$dir"/run/rgw*.pid; do
        stop_one "$pid_file" TERM
    done
    stop_one "$dir/run/osd.pid" KILL
    stop_one "$dir/run/mon.pid" TERM
}

fail()
{
    echo "radosgw.sh: $1" >&2
    tail -n 5 "$dir/log/start.log" >&2 || true
    stop
    exit 4
}

if [ "$verb" = stop ]; then
    stop
    exit 0
fi
port=${3:?port}
for tool in ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph-authtool ceph; do
    command -v $tool >/dev/null || { echo "radosgw.sh: no $tool" >&2; exit 3; }
done
umask 077
mkdir -p "$dir/mon" "$dir/osd" "$dir/run" "$dir/log" "$dir/rgw"
dir=$(cd "$dir" && pwd)
fsid=$(cat /proc/sys/kernel/random/uuid) osd=$(cat /proc/sys/kernel/random/uuid)
classes=$(ls -d /usr/lib/*/rados-classes | head -n 1)
# one copy of everything, few placement groups and a quick Paxos: it is to start fast
cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = v2:127.0.0.1:$((port + 1))
keyring = $dir/keyring
auth allow insecure global id reclaim = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = $((port + 2))
ms bind port max = $((port + 9))
run dir = $dir/run
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
log to stderr = false
crash dir = $dir/log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
mon data avail crit = 0
mon data avail warn = 0
mon osd initial require min compat client = jewel
[mon]
mon data = $dir/mon
mon cluster log file = $dir/log/cluster.log
paxos min wait = 0.01
paxos propose interval = 0.02
[osd]
osd data = $dir/osd
osd objectstore = ${RGW_STORE:-memstore}
memstore device bytes = ${RGW_BYTES:-2147483648}
bluestore block size = ${RGW_BYTES:-2147483648}
osd class dir = $classes
osd max object name len = 2048
osd scrub load threshold = 0
osd op num shards = 2
osd mclock skip benchmark = true
[client]
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
rgw dns name = localhost
rgw thread pool size = 32
rgw rados pool pg num min = 4
rgw enable usage log = false
rgw gc obj min wait = 1
CONF
conf=$dir/ceph.conf key=TESTACCESSKEY0000001 secret=TestSecretKey/with+slash0000000000000001
{
    ring=$dir/keyring
    ceph-authtool --create-keyring "$ring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$ring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
    ceph-authtool "$ring" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx'
    ceph-authtool "$ring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$((port + 1))]" \
        "$dir/monmap"
    ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$ring"
    ceph-mon -c "$conf" -i a --pid-file "$dir/run/mon.pid"
    timeout 30 ceph -c "$conf" osd new "$osd"
    ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd"
    ceph-osd -c "$conf" -i 0 --pid-file "$dir/run/osd.pid"
    timeout 60 radosgw-admin -c "$conf" user create --uid=test --display-name=test \
        --access-key="$key" --secret-key="$secret"
    timeout 30 radosgw -c "$conf" -n client.rgw --pid-file "$dir/run/rgw.pid"
} >>"$dir/log/start.log" 2>&1 </dev/null || fail "did not start"
for _ in $(seq 600); do
    curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$port/" && break
    sleep 0.05
done
curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$port/" || fail "does not answer"
cat <<OUT
endpoint=http://127.0.0.1:$port
region=default
access=$key
secret=$secret
conf=$conf
OUT
