# pixel: requests per second of a letter's pixel and of a tracked link, answered after they are stored, beside nginx: on
# SQLite and on PostgreSQL, with an empty table of hits and with ten million old ones; and how long answers take while the
# database is blocked.
# shellcheck shell=bash

# write_readers COUNT: a CSV file of readers who all allow opens and clicks. There are many of them, because of one
# letter only so many hits are stored in a while.
write_readers() {
    awk -v count="$1" -v agreed="$(date -u -d "-20 days" +%FT%TZ)" 'BEGIN {
        print "email,topics,consented_at,permission_opens,permission_clicks"
        for (n = 0; n < count; n++) printf "reader%d@d%d.example.com,newsletter:email,%s,yes,yes\n", n, n % 50, agreed
    }'
}

# prepare_letters URL: a database with a campaign that reached everybody, and the paths of their pixels and links.
prepare_letters() {
    local id mails=$work/pixel.mails
    open_database "$1"
    write_readers "$people_pixel" >"$work/readers.csv"
    "$mannerly" import "$work/readers.csv" --brand civic --source "Conference" \
        --wording "Civic Notes may send me what I chose, until I say stop." >"$work/import.log" 2>&1 ||
        fail "$(cat "$work/import.log")"
    rm -rf "$mails"
    serve --mail "folder:$mails" --relay-signs
    id=$(api campaigns --data '{"brand": "civic", "name": "Benchmark", "topic": "newsletter", "subject": "News",
        "html": "<p>News of <a href=\"https://civic.example.com/a\">a</a>, <a href=\"https://civic.example.com/b\">b</a></p>",
        "text": "News"}' | field id)
    schedule "$id"
    wait_until "$id" sent
    stop "$server"
    letters=$mails joined_letters >"$work/letters.txt"
    grep -o '/o/[A-Za-z0-9_-]*\.gif' "$work/letters.txt" | sort -u | shuf --random-source=/dev/zero >"$work/pixel.paths"
    grep -o '/c/[A-Za-z0-9_-]*' "$work/letters.txt" | sort -u | shuf --random-source=/dev/zero >"$work/redirect.paths"
    rm -rf "$mails" "$work/letters.txt"
    (($(wc -l <"$work/pixel.paths") == people_pixel)) || fail "Not every letter carries a pixel."
}

# sql URL STATEMENT: what it returns.
sql() {
    case $1 in
    sqlite:*) sqlite3 -cmd '.timeout 10000' "${1#sqlite:}" "$2" ;;
    *) "$pg_bin/psql" -qtAX "$1" -c "$2" ;;
    esac
}

# add_old_hits URL COUNT: judged hits of the last ten months, as if so much had come in before.
add_old_hits() {
    local now month from to spread
    now=$(date +%s)
    spread="(n % 300) * 86400000000 - n"
    case $1 in
    sqlite:*)
        # An index that is made afterwards is the same and quicker.
        sql "$1" "PRAGMA synchronous = OFF; DROP INDEX hit_of_subscriber;
            WITH RECURSIVE old (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM old WHERE n < $2)
            INSERT INTO hit (campaign_id, subscriber_id, kind, at, class, reason)
            SELECT 1, n % $people_pixel + 1, 'opens', (${now}000000 - 86400000000) - ($spread), 'human', 'plausible' FROM old;
            CREATE INDEX hit_of_subscriber ON hit (subscriber_id, at) WHERE class IS NOT NULL;" >/dev/null
        ;;
    *)
        for month in $(seq 1 11); do
            from=$(date -u -d "$(date -u +%Y-%m-01) -$month months" +%s)
            to=$(date -u -d "$(date -u -d "@$from" +%Y-%m-01) +1 month" +%s)
            sql "$1" "CREATE TABLE IF NOT EXISTS hit_$(date -u -d "@$from" +%Y%m) PARTITION OF hit
                FOR VALUES FROM (${from}000000) TO (${to}000000)"
        done
        sql "$1" "INSERT INTO hit (campaign_id, subscriber_id, kind, at, class, reason)
            SELECT 1, n % $people_pixel + 1, 'opens', (${now}000000 - 86400000000) - ($spread), 'human', 'plausible'
            FROM generate_series(1::bigint, $2) AS n"
        sql "$1" "ANALYZE hit"
        ;;
    esac
    # Old ones are on the disk for long.
    sync
}

# write_script NAME: a wrk script that asks for the paths in turn, as what people read mail with does: each reader with one of
# these programs, from a network of their own, which a proxy in front tells (Mannerly looks at both).
write_script() {
    local agents
    case $1 in
    pixel) agents='"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",' ;;
    *) agents='"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",' ;;
    esac
    cat >"$work/$1.lua" <<LUA
local requests, at = {}, 0
local agents = { $agents }
function init()
    for path in io.lines("$work/$1.paths") do
        local n = #requests
        requests[n + 1] = wrk.format("GET", path, {
            ["Host"] = "mail.example.com",
            ["User-Agent"] = agents[n % #agents + 1],
            ["Accept"] = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
            ["Accept-Language"] = "en-GB,en;q=0.9",
            ["Accept-Encoding"] = "gzip, deflate, br",
            ["X-Forwarded-For"] = string.format("%d.%d.%d.%d", 20 + math.floor(n / 65536), math.floor(n / 256) % 256, n % 256, 7),
        })
    end
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

# load PORT NAME: wrk's report in $work/wrk.txt; adds to $answers and prints requests per second.
load() {
    wrk -t1 -c"$connections" -d"${seconds_pixel}s" --latency -s "$work/$2.lua" "http://127.0.0.1:$1/" >"$work/wrk.txt"
    if grep -Eq 'Non-2xx|Socket errors' "$work/wrk.txt"; then fail "$(cat "$work/wrk.txt")"; fi
    awk '/Requests\/sec/ { print $2 }' "$work/wrk.txt"
}

answered() { awk '/requests in/ { print $1 }' "$work/wrk.txt"; }
latency() { awk -v share="$1%" '$1 == share { print $2 }' "$work/wrk.txt"; }

# milliseconds of wrk's longest answer.
longest() { milliseconds "$(awk '$1 == "Latency" && $2 != "Distribution" { print $4; exit }' "$work/wrk.txt")"; }

# measure URL DATABASE TABLE NAME PEER: rounds in turn with nginx; the median of the rounds' ratios in $ours_ratio.
measure() {
    local url=$1 what="$4, $2, $3" round peers=() ours=() p50=() p99=() answers=0 peer_answers=0 before used peer_used
    local postgres_used=- stored letters note
    before=$(sql "$url" "SELECT count(*) FROM hit WHERE class IS NULL")
    used=$(cpu "$server") peer_used=$(cpu "$nginx")
    [[ $url == sqlite:* ]] || postgres_used=$(cpu "$postmaster")
    for round in $(seq "$rounds"); do
        peers+=("$(load "$nginx_port" "$4")")
        peer_answers=$((peer_answers + $(answered)))
        ours+=("$(load "$port" "$4")")
        answers=$((answers + $(answered)))
        p50+=("$(milliseconds "$(latency 50)")") p99+=("$(milliseconds "$(latency 99)")")
        printf '  %s, round %s: nginx %.0f, mannerly %.0f per second\n' "$what" "$round" "${peers[-1]}" "${ours[-1]}"
    done
    used=$(($(cpu "$server") - used)) peer_used=$(($(cpu "$nginx") - peer_used))
    sleep 0.5
    stored=$(($(sql "$url" "SELECT count(*) FROM hit WHERE class IS NULL") - before))
    # wrk hangs up in the middle of a request on each connection, and does not count it.
    printf '  %s: %s answers, %s rows, %s more rows than answers (at most %s were cut off)\n' \
        "$what" "$answers" "$stored" "$((stored - answers))" "$((rounds * connections))"
    ((stored >= answers)) || fail "Of $answers answers $((answers - stored)) were not stored."
    [[ $postgres_used == - ]] ||
        postgres_used=$(calc "($(cpu "$postmaster") - $postgres_used) * 100 / $answers")
    letters=$(wc -l <"$work/$4.paths")
    note="$answers answers, $stored rows; $letters different tokens, each asked for $(awk "BEGIN { printf \"%.1f\", $answers / $letters }") times on average"
    ours_ratio=$(median_ratio "${ours[*]}" "${peers[*]}")
    add_result "$what" "requests per second" "$(median_of "${ours[@]}")" "$(median_of "${peers[@]}")" "$5" \
        "$ours_ratio" "0.9, p99 under 10 ms" "$note" "$(median_of "${p50[@]}")" "$(median_of "${p99[@]}")" \
        "$(calc "$used * 100 / $answers")" "$postgres_used" "$(calc "$peer_used * 100 / $peer_answers")"
}

# block URL, unblock URL: nobody can write to the database: another program has SQLite's one lock, PostgreSQL stands still.
block() {
    case $1 in
    sqlite:*)
        mkfifo "$work/release"
        sqlite3 -cmd '.timeout 10000' "${1#sqlite:}" >"$work/blocked" < <(
            printf 'BEGIN IMMEDIATE;\nSELECT 1;\n'
            cat "$work/release"
        ) &
        blocker=$!
        started+=("$blocker")
        until [[ -s $work/blocked ]]; do sleep 0.02; done
        ;;
    *)
        stopped=("$postmaster")
        mapfile -t -O 1 stopped < <(pgrep -P "$postmaster")
        kill -STOP "${stopped[@]}"
        ;;
    esac
}

unblock() {
    case $1 in
    sqlite:*)
        echo 'ROLLBACK;' >"$work/release"
        wait "$blocker" || true
        rm -f "$work/release" "$work/blocked"
        ;;
    *) kill -CONT "${stopped[@]}" ;;
    esac
}

# measure_blocked URL DATABASE NAME: how long answers take while nobody can write to the database.
measure_blocked() {
    local rate
    block "$1"
    rate=$(load "$port" "$3")
    unblock "$1"
    add_result "$3, $2, database blocked" "ms at most" "$(longest)" - - - "under 50" \
        "$(calc "$rate") answers per second for $seconds_pixel s" "$(milliseconds "$(latency 50)")" \
        "$(milliseconds "$(latency 99)")"
}

# pixel_on URL DATABASE
pixel_on() {
    local table name
    declare -A empty
    prepare_letters "$1"
    for table in "empty table" "$old_hits old hits"; do
        if [[ $table != empty* ]]; then
            echo "  Adding $old_hits old hits…"
            add_old_hits "$1" "$old_hits"
        fi
        serve --mail "folder:$work/unused" --behind-proxy
        for name in pixel redirect; do
            write_script "$name"
            if [[ $name == pixel ]]; then
                measure "$1" "$2" "$table" "$name" "nginx empty_gif"
            else
                measure "$1" "$2" "$table" "$name" "nginx return 302"
            fi
            if [[ $table == empty* ]]; then
                empty[$name]=$ours_ratio
            else
                add_result "$name, $2, empty table against $old_hits old hits" "times" \
                    "$(calc "${empty[$name]} / $ours_ratio")" - - - "at most 1.2" "each beside nginx at that time"
            fi
        done
        stop "$server"
    done
    # A process of its own, because of one letter only so many hits are taken.
    serve --mail "folder:$work/unused" --behind-proxy
    for name in pixel redirect; do measure_blocked "$1" "$2" "$name"; done
    stop "$server"
}

pixel() {
    local ours_ratio blocker stopped
    echo "Pixel and redirect: $people_pixel letters, $connections connections, $rounds rounds of $seconds_pixel s each…"
    start_nginx
    pixel_on "sqlite:$work/pixel.db" SQLite
    start_postgres
    pixel_on "$postgres_url" PostgreSQL
    stop_postgres
    rm -rf "$work/postgres"
    stop "$nginx"
    rm -f "$work/pixel.db"*
}
