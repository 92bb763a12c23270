# memory: what the server holds resident when it has nothing to do, and while it sends to a million people on SQLite.
# unsubscribe: how long the POST of one click takes while a campaign runs at full speed, and that nobody is written to
# after the answer.
# shellcheck shell=bash

memory() {
    local id idle most=0 kb
    echo "Memory: $people_memory people…"
    prepare "sqlite:$work/memory.db" "$people_memory" unsigned 100
    start_sink
    serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" --relay-signs
    sleep 3
    idle=$(status "$server" VmRSS)
    id=$(create_campaign)
    schedule "$id"
    # Sampled: the peak that the kernel remembers also holds what lasted no longer than a page fault.
    while [[ $(api "campaigns/$id" | field state) != sent ]]; do
        kb=$(status "$server" VmRSS)
        ((kb <= most)) || most=$kb
        sleep 0.2
    done
    add_result "memory, idle" "MB resident" "$(calc "$idle / 1024")" - - - "at most 15" "SQLite, $people_memory people"
    add_result "memory, sending" "MB resident" "$(calc "$most / 1024")" - - - "at most 40" \
        "SQLite, $people_memory people; peak $(calc "$(status "$server" VmHWM) / 1024") MB"
    stop "$server"
    stop "$sink"
    rm -f "$work"/memory.db*
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

unsubscribe() {
    local id begun presses failed p50 p99 late
    echo "Unsubscribe: $people_unsubscribe people, $presses_most of them press while their campaign runs…"
    prepare "sqlite:$work/unsubscribe.db" "$people_unsubscribe" unsigned "$presses_most"
    joined_letters | grep -o '/u/[A-Za-z0-9_-]*' | sort -u >"$work/press.paths"
    write_presses
    start_sink
    serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" --relay-signs
    id=$(create_campaign)
    begun=$(date +%s%6N)
    schedule "$id"
    wait_until "$id" planning sending
    wrk -t1 -c4 -d"$((presses_most / 150 + 2))s" -s "$work/press.lua" "http://127.0.0.1:$port/" >"$work/presses.txt"
    read -r presses failed p50 p99 < <(awk '$1 == "presses" { print $2, $4, $6, $8 }' "$work/presses.txt")
    [[ $failed == 0 ]] || fail "$failed of $presses presses failed."
    [[ $(api "campaigns/$id" | field state) != sent ]] ||
        echo "  The campaign ended before the last press; take more PEOPLE_UNSUBSCRIBE."
    wait_until "$id" sent
    stop "$server"
    stop "$sink"
    # A letter that was in hand when the press came ends within the time of one hand-over.
    late=$(sqlite3 "$work/unsubscribe.db" "SELECT COUNT(*) FROM delivery d JOIN ledger l
        ON l.subscriber_id = d.subscriber_id AND l.decision = 'withdrawn' AND l.at >= $begun
        WHERE d.attempts > 0 AND d.finished_at >= $begun AND d.finished_at > l.at + 1000000")
    add_result "unsubscribe while sending" "ms, median" "$(calc "$p50 / 1000")" - - - - "$presses presses on SQLite"
    add_result "unsubscribe while sending" "ms, p99" "$(calc "$p99 / 1000")" - - - "under 20" "$presses presses on SQLite"
    add_result "letters a second or more after the press" "letters" "$late" - - - "0" -
    rm -f "$work"/unsubscribe.db*
}
