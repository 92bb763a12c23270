# audience: how long it takes to import a million people with evidence, to count who would get a campaign, and to plan it.
# scale: what one recipient of a campaign costs when there are ten and a hundred times as many.
# shellcheck shell=bash

# The SQLite database that `audience`, `memory` and `scale` share.
million_url() { echo "sqlite:$work/million.db"; }

# open_million: the shared database, made if it is not there yet; $imported and $import_seconds are of its making.
open_million() {
    if [[ ! -e $work/million.ready ]]; then
        echo "A database of $people_million people…"
        rm -f "$work"/million.*
        prepare "$(million_url)" "$people_million" unsigned 0
        echo "$key $imported $import_seconds $import_peak $import_early" >"$work/million.ready"
    fi
    DATABASE_URL=$(million_url)
    export DATABASE_URL
    read -r key imported import_seconds import_peak import_early <"$work/million.ready"
}

# audience_on DATABASE GOAL_OF_IMPORT: on the database that is open.
audience_on() {
    local id begun planned=null times=() early= _
    ((import_early == 0)) || early=", $(calc "$import_early / 1024") MB after a second"
    add_result "import, $1" "rows per second" "$(calc "$imported / $import_seconds")" - - - "$2" \
        "$imported rows with evidence, two opt-ins each; at most $(calc "$import_peak / 1024") MB resident$early"
    # Nothing listens there: the campaign is planned, and waits.
    serve --mail "smtp://127.0.0.1:$(free_port)?starttls=never" --relay-signs
    id=$(create_campaign transport grants)
    for _ in $(seq 5); do
        begun=$(now)
        api "campaigns/$id/audience-preview" -o "$work/preview.json" -X POST
        times+=("$(calc "$(now) - $begun")")
    done
    add_result "audience preview, $1" "s" "$(median_of "${times[@]}")" - - - "under 1" \
        "$people_million people, one of them after the other: $(printf '%.2f ' "${times[@]}")"
    begun=$(now_micros)
    schedule "$id"
    until [[ -n $planned && $planned != null ]]; do
        sleep 0.2
        planned=$(query "SELECT planned_at FROM campaign WHERE id = (SELECT MAX(id) FROM campaign)")
    done
    add_result "planning, $1" "s" "$(calc "($planned - $begun) / 1000000")" - - - - \
        "$people_million people; peak memory $(calc "$(status "$server" VmHWM) / 1024") MB"
    # It stays as it is, so that no server that opens this database goes on with it.
    api "campaigns/$id/pause" -o /dev/null -X POST
    stop "$server"
}

audience() {
    echo "Audience: $people_million people…"
    open_million
    audience_on SQLite "at least 100,000"
    [[ -n $(postgres_bin) ]] || { echo "On PostgreSQL: left out, since its binaries are missing."; return; }
    start_postgres
    prepare "$postgres_url" "$people_million" unsigned 0
    audience_on PostgreSQL -
    stop_postgres
    rm -rf "$work/postgres"
}

# send_million: one campaign to all of the shared database, once; what was seen of it is in a file.
send_million() {
    local idle
    [[ ! -e $work/million.sent ]] || return 0
    open_million
    start_sink
    serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" --relay-signs
    sleep 3
    idle=$(status "$server" VmRSS)
    send_round
    echo "$idle $resident_most $(status "$server" VmHWM) $rate $latency" >"$work/million.sent"
    stop "$server"
    stop "$sink"
}

# note_cost COUNT RATE: the line of one size, beside that of the smallest.
note_cost() {
    local cost
    cost=$(calc "1000000 / $2")
    first=${first:-$cost}
    add_result "cost per recipient of $1" "µs" "$cost" "$first" "itself at ${scales[0]}" "$(calc "$cost / $first")" \
        "at most 1.2" -
}

scale() {
    local count first= rates _
    for count in "${scales[@]:0:${#scales[@]}-1}"; do
        echo "Scale: $count people…"
        prepare "sqlite:$work/scale.db" "$count" unsigned 0
        start_sink
        serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" --relay-signs
        rates=()
        for _ in 1 2 3; do
            send_round
            rates+=("$rate")
        done
        note_cost "$count" "$(median_of "${rates[@]}")"
        stop "$server"
        stop "$sink"
        rm -f "$work"/scale.db*
    done
    echo "Scale: $people_million people…"
    send_million
    read -r _ _ _ rate latency <"$work/million.sent"
    note_cost "$people_million" "$rate"
    add_result "first letter of $people_million people" "s after scheduling" "$latency" - - - "under 1" "SQLite"
}
