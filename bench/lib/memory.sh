# memory: what the server holds resident when it has nothing to do, and while it sends to a million people on SQLite.
# unsubscribe: how long the POST of one click takes while a campaign runs at full speed, and that nobody is written to
# after the answer.
# shellcheck shell=bash

memory() {
    local idle most peak _
    echo "Memory: $people_million people…"
    send_million
    read -r idle most peak _ <"$work/million.sent"
    add_result "memory, idle" "MB resident" "$(calc "$idle / 1024")" - - - "at most 15" \
        "SQLite, $people_million people, three seconds after the start"
    add_result "memory, sending" "MB resident" "$(calc "$most / 1024")" - - - "at most 40" \
        "SQLite, $people_million people, ten looks a second; the kernel's peak $(calc "$peak / 1024") MB"
}

# The wrk script: each token once, at about 200 presses a second; the times in microseconds at its end.
write_presses() {
    cat >"$work/press.lua" <<LUA
local paths, at = {}, 0
function init()
    for path in io.lines("$work/press.paths") do paths[#paths + 1] = path end
end
function delay() return 20 end
function request()
    at = at + 1
    if at > #paths then wrk.thread:stop() at = #paths end
    return wrk.format("POST", paths[at], {["Content-Type"] = "application/x-www-form-urlencoded"},
        "List-Unsubscribe=One-Click")
end
function done(summary, latency)
    local errors = summary.errors
    print(string.format("presses %d failed %d p50 %d p99 %d", summary.requests,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
LUA
}

# unsubscribe_on URL DATABASE COUNT
unsubscribe_on() {
    local id begun presses failed p50 p99 late note="while $3 people are sent to"
    echo "Unsubscribe, $2: $3 people, $presses_most of them press while their campaign runs…"
    prepare "$1" "$3" unsigned "$presses_most"
    joined_letters | grep -o '/u/[A-Za-z0-9_-]*' | sort -u >"$work/press.paths"
    write_presses
    start_sink
    serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" --relay-signs
    id=$(create_campaign)
    begun=$(now_micros)
    schedule "$id"
    wait_until "$id" planning sending
    wrk -t1 -c4 -d"$((presses_most / 150 + 2))s" -s "$work/press.lua" "http://127.0.0.1:$port/" >"$work/presses.txt"
    read -r presses failed p50 p99 < <(awk '$1 == "presses" { print $2, $4, $6, $8 }' "$work/presses.txt")
    [[ $failed == 0 ]] || fail "$failed of $presses presses failed."
    if [[ $(api "campaigns/$id" | field state) == sent ]]; then
        note="the campaign ended before the last press: take more PEOPLE_UNSUBSCRIBE"
    fi
    wait_until "$id" sent
    stop "$server"
    stop "$sink"
    # A letter that was in hand when the press came ends within the time of one hand-over.
    late=$(query "SELECT COUNT(*) FROM delivery d JOIN ledger l
        ON l.subscriber_id = d.subscriber_id AND l.decision = 'withdrawn' AND l.at >= $begun
        WHERE d.campaign_id = (SELECT MAX(id) FROM campaign) AND d.attempts > 0 AND d.finished_at > l.at + 1000000")
    add_result "unsubscribe while sending, $2" "ms, median" "$(calc "$p50 / 1000")" - - - - "$presses presses $note"
    add_result "unsubscribe while sending, $2" "ms, p99" "$(calc "$p99 / 1000")" - - - "under 20" "$presses presses $note"
    add_result "letters a second or more after the press, $2" "letters" "$late" - - - "0" -
}

unsubscribe() {
    unsubscribe_on "sqlite:$work/unsubscribe.db" SQLite "$people_unsubscribe"
    rm -f "$work"/unsubscribe.db*
    [[ -n $(postgres_bin) ]] || { echo "On PostgreSQL: left out, since its binaries are missing."; return; }
    start_postgres
    # It sends half as fast.
    unsubscribe_on "$postgres_url" PostgreSQL "$((people_unsubscribe / 2))"
    stop_postgres
    rm -rf "$work/postgres"
}
