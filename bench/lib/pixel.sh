# pixel: requests per second of a letter's pixel and of a tracked link, answered after they are stored, beside nginx.
# shellcheck shell=bash

# write_paths FILE NAME: a wrk script that asks for the paths in the file in turn.
write_paths() {
    cat >"$work/$2.lua" <<LUA
local requests, at = {}, 0
function init()
    for path in io.lines("$1") do requests[#requests + 1] = wrk.format("GET", path) end
end
function request()
    at = at % #requests + 1
    return requests[at]
end
LUA
}

start_nginx() {
    nginx_port=$(free_port)
    cat >"$work/nginx.conf" <<CONF
worker_processes auto;
pid $work/nginx.pid;
error_log $work/nginx.log;
daemon off;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    server {
        listen 127.0.0.1:$nginx_port;
        location /o/ { empty_gif; }
        location /c/ { return 302 https://example.com/; }
    }
}
CONF
    nginx -c "$work/nginx.conf" 2>>"$work/nginx.log" &
    nginx=$!
    started+=("$nginx")
    wait_for "$nginx_port"
}

# load PORT NAME: requests per second.
load() {
    wrk -t1 -c"$connections" -d"${seconds}s" --latency -s "$work/$2.lua" "http://127.0.0.1:$1/" >"$work/wrk.txt"
    if grep -q 'Non-2xx' "$work/wrk.txt"; then fail "$(cat "$work/wrk.txt")"; fi
    awk '/Requests\/sec/ { print $2 }' "$work/wrk.txt"
}

pixel() {
    local name path round peers ours peer p99 count
    echo "Pixel and redirect: $people_pixel people, $connections connections, $rounds rounds of $seconds s each…"
    prepare "sqlite:$work/pixel.db" "$people_pixel" unsigned
    start_nginx
    serve --mail "folder:$work/unused"
    for name in pixel redirect; do
        case $name in
        pixel) path='/o/[A-Za-z0-9_-]*\.gif' peer="nginx empty_gif" ;;
        redirect) path='/c/[A-Za-z0-9_-]*' peer="nginx return 302" ;;
        esac
        joined_letters | grep -o "$path" | sort -u >"$work/$name.paths" || true
        count=$(wc -l <"$work/$name.paths")
        ((count)) || fail "No letter carries a $name."
        write_paths "$work/$name.paths" "$name"
        peers=() ours=()
        for round in $(seq "$rounds"); do
            peers+=("$(load "$nginx_port" "$name")")
            ours+=("$(load "$port" "$name")")
            printf '  round %s: nginx %.0f, mannerly %.0f per second\n' "$round" "${peers[-1]}" "${ours[-1]}"
        done
        p99=$(awk '$1 == "99%" { print $2 }' "$work/wrk.txt")
        add_result "$name" "requests per second" "$(median_of "${ours[@]}")" "$(median_of "${peers[@]}")" "$peer" \
            "$(calc "$(median_of "${ours[@]}") / $(median_of "${peers[@]}")")" "0.9, p99 under 10 ms" \
            "99% within $p99, each stored before it is answered"
    done
    stop "$server"
    stop "$nginx"
}
