# audience: how long it takes to import a million people with evidence, to count who would get a campaign, and to plan it.
# scale: what one recipient of a campaign costs when there are ten and a hundred times as many.
# shellcheck shell=bash

# audience_on URL DATABASE GOAL_OF_IMPORT
audience_on() {
    local id begun times=() _
    prepare "$1" "$people_audience" unsigned 100
    add_result "import, $2" "rows per second" "$(calc "$imported / $import_seconds")" - - - "$3" \
        "with evidence, two opt-ins a row"
    # Nothing listens there: the campaign is planned, and waits.
    serve --mail "smtp://127.0.0.1:$(free_port)?starttls=never" --relay-signs
    id=$(create_campaign transport grants)
    for _ in $(seq 5); do
        begun=$(now)
        api "campaigns/$id/audience-preview" -o "$work/preview.json" -X POST
        times+=("$(calc "$(now) - $begun")")
    done
    add_result "audience preview, $2" "s" "$(median_of "${times[@]}")" - - - "under 1" "$people_audience people"
    begun=$(now)
    schedule "$id"
    until [[ $(api "campaigns/$id" | sed -n 's/.*"planned_at":\([^,}]*\).*/\1/p') != null ]]; do sleep 0.05; done
    add_result "planning, $2" "s" "$(calc "$(now) - $begun")" - - - - \
        "$people_audience people; peak memory $(calc "$(status "$server" VmHWM) / 1024") MB"
    stop "$server"
}

audience() {
    echo "Audience: $people_audience people…"
    audience_on "sqlite:$work/audience.db" SQLite "at least 100,000"
    rm -f "$work"/audience.db*
    [[ -n $(postgres_bin) ]] || { echo "On PostgreSQL: left out, since its binaries are missing."; return; }
    start_postgres
    audience_on "$postgres_url" PostgreSQL -
    stop_postgres
    rm -rf "$work/postgres"
}

scale() {
    local count first= cost note
    for count in "${scales[@]}"; do
        echo "Scale: $count people…"
        prepare "sqlite:$work/scale.db" "$count" unsigned 100
        start_sink
        serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" --relay-signs
        send_round
        cost=$(calc "1000000 / $rate")
        note=-
        [[ -z $first ]] || note="$(calc "$cost / $first") times that of ${scales[0]}"
        first=${first:-$cost}
        add_result "cost per recipient of $count" "µs" "$cost" "$first" "itself at ${scales[0]}" \
            "$(calc "$cost / $first")" "at most 1.2" "$note"
        stop "$server"
        stop "$sink"
        rm -f "$work"/scale.db*
    done
}
