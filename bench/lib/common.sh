# What all sections share: a folder that goes away, ports, servers and their memory, the API, medians, results.
# shellcheck shell=bash disable=SC2034

work=$(mktemp -d "${TMPDIR:-/tmp}/mannerly-bench.XXXXXX")
# Those that a section started; they end with it.
started=()
section_pid=

fail() {
    echo "$*" >&2
    exit 1
}

clean_section() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
    stop_postgres
    rm -rf "$work/postgres"
}

clean_up() {
    if [[ -n $section_pid ]]; then
        kill "$section_pid" 2>/dev/null || true
        wait "$section_pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# run_section NAME: in a shell of its own, so that one that fails takes nothing along. What a section leaves for the
# others are files.
run_section() {
    local begun took status=0
    begun=$(now)
    (
        trap clean_section EXIT
        trap 'exit 130' INT TERM
        set -E
        trap 'echo "${BASH_SOURCE[0]}, line $LINENO: $BASH_COMMAND" >&2' ERR
        "$1"
    ) &
    section_pid=$!
    wait "$section_pid" || status=$?
    section_pid=
    took=$(calc "$(now) - $begun")
    printf '%s\t%s\t%s\n' "$1" "$took" "$status" >>"$work/sections"
    if ((status)); then
        echo "$1" >>"$work/failed"
        printf '%s FAILED after %.0f s: what follows goes on without it.\n' "$1" "$took"
    else
        printf '%s took %.0f s.\n' "$1" "$took"
    fi
}

# need TOOL:PACKAGE...: ends with one sentence about all that is missing.
need() {
    local tool missing=()
    for tool in "$@"; do
        command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
    done
    [[ ${#missing[@]} == 0 ]] || fail "Missing: $(printf '%s\n' "${missing[@]}" | sort -u | xargs)"
}

# build: the server in $mannerly, and the benchmark of signatures in $signing where it is wanted.
build() {
    local target=${CARGO_TARGET_DIR:-target}
    mannerly=${MANNERLY:-} signing=${SIGNING:-}
    if [[ -z $mannerly ]]; then
        echo "Building…"
        cargo build --release --quiet
        mannerly=$target/release/mannerly
    fi
    if [[ -z $signing && " ${sections[*]} " == *" mail "* ]]; then
        echo "Building the benchmark of signatures…"
        signing=$(cargo bench --quiet --no-run --bench signing --message-format json |
            sed -n 's/.*"executable":"\([^"]*signing[^"]*\)".*/\1/p' | tail -1)
        [[ -x $signing ]] || fail "The benchmark of signatures was not built."
    fi
}

# ---- Numbers ----

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
median_of() { printf '%s\n' "$@" | median; }
# median_ratio OURS PEERS: of lists with blanks between, the median of each round's own ratio, because the speed of the
# machine changes from one minute to the next.
median_ratio() { paste <(xargs -n1 <<<"$1") <(xargs -n1 <<<"$2") | awk '{ print $1 / $2 }' | median; }
calc() { awk "BEGIN { printf \"%.4f\", $1 }"; }
now() { date +%s.%N; }
now_micros() { date +%s%6N; }
# milliseconds TEXT: of wrk's 310.00us, 1.23ms or 2.00s.
milliseconds() {
    awk -v text="$1" 'BEGIN {
        factor = text ~ /us$/ ? 0.001 : text ~ /ms$/ ? 1 : 1000
        printf "%.3f", (text + 0) * factor
    }'
}

# ---- Processes ----

free_port() {
    local port
    # Below those that the system gives to clients.
    for port in $(shuf -i 20000-32000 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

wait_for() {
    local _
    for _ in $(seq 400); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    fail "Nothing answers on port $1. $(tail -n 3 "$work"/*.log 2>/dev/null || true)"
}

stop() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# status PID FIELD: kB, of VmRSS (resident now) or VmHWM (resident at most).
status() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

# cpu PID: hundredths of seconds that it and its children have used, those that have ended included.
cpu() {
    local child
    {
        cat "/proc/$1/stat"
        # A child may have ended by now; then its time is its parent's.
        for child in $(pgrep -P "$1" || true); do cat "/proc/$child/stat" 2>/dev/null || true; done
    } | awk '{ sub(/^.*\) /, ""); n += $12 + $13 + (NR == 1 ? $14 + $15 : 0) } END { print n + 0 }'
}

# ---- Mannerly ----

# serve ARGUMENT...: a server on a new port, in $server and $port. Somebody else may take that port first, so it is tried
# more than once.
serve() {
    local _
    for _ in 1 2 3; do
        port=$(free_port)
        "$mannerly" serve --listen "127.0.0.1:$port" --log warn "$@" 2>>"$work/server.log" &
        server=$!
        started+=("$server")
        until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
            kill -0 "$server" 2>/dev/null || continue 2
            sleep 0.05
        done
        return
    done
    fail "The server does not start. $(tail -3 "$work/server.log")"
}

api() {
    curl -sSf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "${@:2}" \
        "http://127.0.0.1:$port/api/v1/$1"
}

field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# wait_until CAMPAIGN WORD...: until the campaign is in one of these states.
wait_until() {
    local state
    while true; do
        state=$(api "campaigns/$1" | field state)
        case " ${*:2} " in *" $state "*) return ;; esac
        [[ $state != paused ]] || fail "The campaign was paused: $(tail -2 "$work/server.log")"
        sleep 0.2
    done
}

# query SQL: asks the database itself, from the side.
query() {
    case $DATABASE_URL in
    sqlite:*) sqlite3 -cmd '.timeout 10000' "${DATABASE_URL#sqlite:}" "$1" ;;
    *) "$(postgres_bin)/psql" -XAtq "$DATABASE_URL" -c "$1" ;;
    esac
}

# ---- A sink and a source of mail ----

# start_sink: smtp-sink on a new port, in $sink_port. It prints its count of messages over and over on one line.
start_sink() {
    sink_port=$(free_port)
    local user=()
    [[ $(id -u) != 0 ]] || user=(-u nobody)
    smtp-sink "${user[@]}" -c "127.0.0.1:$sink_port" 1000 >"$work/sink.$sink_port" 2>&1 &
    sink=$!
    started+=("$sink")
    wait_for "$sink_port"
}

# ---- Results ----

# add_result NAME UNIT MANNERLY PEER PEER_NAME RATIO GOAL NOTE [P50 P99 CPU DATABASE_CPU PEER_CPU]: `-` where there is
# none. P50 and P99 are milliseconds, the CPUs seconds of processor time for 10,000 requests.
add_result() {
    local fields=("$@")
    while ((${#fields[@]} < 13)); do fields+=(-); done
    (IFS=$'\t' && printf '%s\n' "${fields[*]}") >>"$work/results"
    printf '  %s: %s %s%s\n' "$1" "$3" "$2" "$([[ $6 == - ]] || printf ' (%.3f of %s)' "$6" "$5")"
}
