#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nginx as a web server that takes PUT, loopback only.
#     nginx.sh start DIR PORT     PORT: PUT and DELETE; PORT+1: the same by TLS; PORT+2: reads alone
#     nginx.sh stop DIR
# Prints KEY=VALUE lines. Files land in DIR/www, user alice, password secret:
#     /        folders are made        /nomk/   they are not
#     /bearer/ wants "Bearer testtoken"  /small/  takes 1 MB
#     /err/N   answers N to everything
set -eu
verb=${1:?start or stop} dir=${2:?folder}
if [ "$verb" = stop ]; then
    [ -s "$dir/run/nginx.pid" ] || exit 0
    pid=$(cat "$dir/run/nginx.pid")
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
for tool in nginx openssl; do
    command -v $tool >/dev/null || { echo "nginx.sh: no $tool" >&2; exit 3; }
done
mkdir -p "$dir/run" "$dir/log" "$dir/tls" "$dir/www/.tmp" "$dir/www/bearer" "$dir/www/small" \
    "$dir/www/nomk"
dir=$(cd "$dir" && pwd)
(
    cd "$dir/tls"
    umask 077
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -days 30 -subj "/CN=test CA" -out ca.pem
    openssl ecparam -name prime256v1 -genkey -noout -out here.key
    openssl req -new -key here.key -subj /CN=localhost -out here.csr
    echo "subjectAltName=DNS:localhost,IP:127.0.0.1" >here.ext
    openssl x509 -req -in here.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 30 \
        -extfile here.ext -out here.pem
) >>"$dir/log/start.log" 2>&1
echo "alice:$(openssl passwd -apr1 secret)" >"$dir/run/htpasswd"
user=
[ "$(id -u)" -ne 0 ] || user="user $(id -un) $(id -gn);"
put="dav_methods PUT DELETE MKCOL; dav_access user:rw group:r all:r;"
basic="auth_basic test; auth_basic_user_file $dir/run/htpasswd;"
# .tmp lies beside the files, so that a PUT ends with a rename
cat >"$dir/nginx.conf" <<CONF
$user
worker_processes 1;
pid $dir/run/nginx.pid;
error_log $dir/log/error.log warn;
events { worker_connections 256; }
http {
    types { video/mp4 mp4; }
    access_log $dir/log/access.log;
    client_body_temp_path $dir/www/.tmp;
    proxy_temp_path $dir/run/p; fastcgi_temp_path $dir/run/f;
    uwsgi_temp_path $dir/run/u; scgi_temp_path $dir/run/s;
    client_max_body_size 2g;
    map \$http_authorization \$bearer_ok { default 0; "Bearer testtoken" 1; }
    server {
        listen 127.0.0.1:$port;
        listen 127.0.0.1:$((port + 1)) ssl http2;
        server_name localhost;
        ssl_certificate $dir/tls/here.pem; ssl_certificate_key $dir/tls/here.key;
        root $dir/www;
        location / { $basic $put create_full_put_path on; }
        location /nomk/ { $basic $put create_full_put_path off; }
        location /bearer/ { if (\$bearer_ok = 0) { return 401; } $put create_full_put_path on; }
        location /small/ { $basic $put client_max_body_size 1m; }
        location ~ ^/err/507/ { return 507; }
        location ~ ^/err/503/ { return 503; }
        location ~ ^/err/405/ { return 405; }
    }
    server {
        listen 127.0.0.1:$((port + 2));
        root $dir/www;
        location / { limit_except GET { deny all; } }
    }
}
CONF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log/error.log" >>"$dir/log/start.log" 2>&1 \
    </dev/null || { tail -n 3 "$dir/log/start.log" >&2; exit 4; }
cat <<OUT
url=http://127.0.0.1:$port
tls=https://localhost:$((port + 1))
public=http://127.0.0.1:$((port + 2))
www=$dir/www
log=$dir/log/access.log
OUT
