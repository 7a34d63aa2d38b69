#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Apache as a WebDAV server (RFC 4918), loopback only.
#     apache.sh start DIR PORT [WWW]     WWW: the folder to serve; DIR/www otherwise
#     apache.sh stop DIR
# Prints KEY=VALUE lines. User alice, password secret, for writing; everybody may read.
set -eu
verb=${1:?start or stop} dir=${2:?folder}
if [ "$verb" = stop ]; then
    [ -s "$dir/run/apache.pid" ] || exit 0
    pid=$(cat "$dir/run/apache.pid")
    kill -TERM "$pid" 2>/dev/null || exit 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || exit 0
        sleep 0.03
    done
    kill -KILL "$pid"
    exit 0
fi
port=${3:?port}
PATH=$PATH:/usr/sbin
for tool in apache2 openssl; do
    command -v $tool >/dev/null || { echo "apache.sh: no $tool" >&2; exit 3; }
done
mkdir -p "$dir/run" "$dir/log" "$dir/www"
dir=$(cd "$dir" && pwd)
www=${4:-$dir/www}
echo "alice:$(openssl passwd -apr1 secret)" >"$dir/run/htpasswd"
owner=
if [ "$(id -u)" -eq 0 ]; then
    owner=$(printf 'User www-data\nGroup www-data\n')
    chown -R www-data: "$www" "$dir/run"
fi
{
    echo "ServerRoot $dir"
    echo "ServerName localhost"
    echo "PidFile $dir/run/apache.pid"
    echo "ErrorLog $dir/log/error.log"
    echo "DefaultRuntimeDir $dir/run"
    echo "$owner"
    for module in mpm_event authn_core authn_file authz_core authz_user auth_basic dav dav_fs mime; do
        echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
    done
    cat <<CONF
DavLockDB $dir/run/lock
TypesConfig /etc/mime.types
Listen 127.0.0.1:$port
DocumentRoot $www
<Directory $www>
    Dav On
    AuthType Basic
    AuthName t
    AuthUserFile $dir/run/htpasswd
    <LimitExcept GET HEAD>
        Require valid-user
    </LimitExcept>
</Directory>
CONF
} >"$dir/apache.conf"
[ -s /etc/mime.types ] || sed -i '/^TypesConfig/s,.*,TypesConfig /dev/null,' "$dir/apache.conf"
apache2 -f "$dir/apache.conf" -k start >>"$dir/log/start.log" 2>&1 </dev/null ||
    { tail -n 5 "$dir/log/start.log" >&2; exit 4; }
for _ in $(seq 200); do
    curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$port/" && break
    sleep 0.03
done
cat <<OUT
url=http://127.0.0.1:$port
www=$www
OUT
