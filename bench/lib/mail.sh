# mail: letters per second of a campaign over SMTP into smtp-sink, beside Postfix `smtp-source -d` with letters of the
# same size and as many connections, round by round in turn; and how long the first letter takes.
# shellcheck shell=bash

# Quoted-printable lines are joined again before anything is looked for in them.
joined_letters() {
    find "$letters" -name '*.eml' -print0 | xargs -0 cat | tr -d '\r' | sed -e ':a' -e '/=$/{N;s/=\n//;ba' -e '}'
}

# make_keys: the letters are signed from now on.
make_keys() {
    "$mannerly" dkim create civic.example.com --selector bench >"$work/dkim.log"
    # Nobody checks these signatures, so no DNS has their records.
    "$mannerly" dkim use civic.example.com bench --force >>"$work/dkim.log"
}

# prepare URL COUNT signed|unsigned [FIRST]: a database with so many people. The first FIRST (2000) get a campaign into
# a folder, so that real letters are at hand: $letters, and their mean size in $size; none do if it is 0.
prepare() {
    local first=${4:-2000} id relay=()
    ((first < $2)) || first=$2
    open_database "$1"
    if [[ $3 == signed ]]; then make_keys; else relay=(--relay-signs); fi
    if ((first)); then
        import_people 0 "$first"
        letters=$work/letters
        rm -rf "$letters"
        serve --mail "folder:$letters" "${relay[@]}"
        id=$(create_campaign)
        schedule "$id"
        wait_until "$id" sent
        stop "$server"
        size=$(find "$letters" -name '*.eml' -printf '%s\n' | awk '{ n += $1 } END { print int(n / NR) }')
    fi
    (($2 == first)) || import_people "$first" "$(($2 - first))"
}

# measure_size signed|unsigned: the mean size of such letters, in $size: a third of the people is tracked.
measure_size() {
    prepare "sqlite:$work/size.db" 300 "$1"
    rm -f "$work"/size.db*
}

sink_count() { tr '\r' '\n' <"$work/sink.$sink_port" | sed -n 's/.*mesg=\([0-9]*\).*/\1/p' | tail -1; }

# send_round: one campaign to everybody, in $sent, $rate (letters per second, from asking for it to the last answer that
# is written down) and $latency (seconds to the first such answer); the sink must have as many letters.
send_round() {
    local id begun before first last
    before=$(sink_count)
    id=$(create_campaign)
    begun=$(now_micros)
    schedule "$id"
    while_sending "$id"
    sent=$(api "campaigns/$id/report" | field sent)
    ((sent == $(sink_count) - ${before:-0})) || fail "$sent letters were sent, and the sink has another number."
    # The moments are the server's, which has the same clock: no polling is in them.
    read -r first last < <(query "SELECT MIN(finished_at), MAX(finished_at) FROM delivery
        WHERE state = 'sent' AND campaign_id = (SELECT MAX(id) FROM campaign)" | tr '|' ' ')
    rate=$(calc "$sent * 1000000 / ($last - $begun)")
    latency=$(calc "($first - $begun) / 1000000")
}

# while_sending CAMPAIGN: until it is sent; $resident_most is the most that the server held meanwhile, in kB. Sampled: the
# peak that the kernel remembers also holds what lasted no longer than a page fault.
while_sending() {
    local kb turn=0
    resident_most=0
    while true; do
        kb=$(status "$server" VmRSS)
        ((kb <= resident_most)) || resident_most=$kb
        sleep 0.1
        turn=$((turn + 1))
        if ((turn % 5 == 0)); then
            case $(api "campaigns/$1" | field state) in
            sent) return ;;
            paused) fail "The campaign was paused: $(tail -2 "$work/server.log")" ;;
            esac
        fi
    done
}

# source_round COUNT: letters per second; the hundredths of seconds of processor time go to $work/source.cpu.
source_round() {
    local begun TIMEFORMAT='%U %S'
    begun=$(now)
    { time smtp-source -d -s "$sessions" -m "$1" -l "$size" -f bench@example.com -t person@example.com \
        "127.0.0.1:$sink_port"; } 2>"$work/source.log" || fail "smtp-source failed. $(tail -n 5 "$work/source.log")"
    tail -n 1 "$work/source.log" | awk '{ print ($1 + $2) * 100 }' >>"$work/source.cpu"
    calc "$1 / ($(now) - $begun)"
}

# mail_variant DATABASE signed|unsigned: on the database that is open.
mail_variant() {
    local round peer ours=() peers=() latencies=() relay=() goal="1.0" all=0 used sink_used sink_ours=0 postgres_used=-
    [[ $2 == signed ]] || relay=(--relay-signs)
    size=$(<"$work/size.$2")
    start_sink
    serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" "${relay[@]}"
    echo "Mail, $2, $1: letters of $size octets to $people people, $sessions connections, $rounds rounds…"
    rm -f "$work/source.cpu"
    used=$(cpu "$server")
    [[ $1 == SQLite ]] || postgres_used=$(cpu "$postmaster")
    for round in $(seq "$rounds"); do
        sink_used=$(cpu "$sink")
        send_round
        ours+=("$rate") latencies+=("$latency") all=$((all + sent)) sink_ours=$((sink_ours + $(cpu "$sink") - sink_used))
        # Not in the array at once, where a failure would go unseen.
        peer=$(source_round "$sent")
        peers+=("$peer")
        printf '  round %s: smtp-source %.0f, mannerly %.0f per second\n' "$round" "${peers[-1]}" "${ours[-1]}"
    done
    used=$(calc "($(cpu "$server") - $used) * 100 / $all")
    [[ $1 == SQLite ]] || postgres_used=$(calc "($(cpu "$postmaster") - $postgres_used) * 100 / $all")
    sink_ours="CPU of the sink: $(calc "$sink_ours * 100 / $all")"
    stop "$server"
    stop "$sink"
    rate=$(median_of "${ours[@]}") peer=$(median_of "${peers[@]}")
    [[ $2 == unsigned ]] || goal=-
    add_result "campaign, $2, $1" "letters per second" "$rate" "$peer" "smtp-source -d" "$(calc "$rate / $peer")" "$goal" \
        "$size octets, $people people, from scheduling to the last answer; rounds: $(printf '%.0f ' "${ours[@]}"); $sink_ours" - - "$used" "$postgres_used" \
        "$(awk -v all="$all" '{ n += $1 } END { print n * 100 / all }' "$work/source.cpu")"
    if [[ $2 == signed ]]; then
        add_result "campaign, signed, $1" "letters per second" "$rate" "$signatures" "the signatures alone" \
            "$(calc "$rate / $signatures")" "0.8" "RSA-2048 and Ed25519, aws-lc-rs on all cores"
        add_result "campaign, signed, $1" "letters per second" "$rate" "$ring" "the signatures alone, ring" \
            "$(calc "$rate / $ring")" - "RSA-2048 and Ed25519, ring on all cores"
    else
        add_result "first letter, $1" "s after scheduling" "$(median_of "${latencies[@]}")" - - - "under 1" \
            "$people people; until its answer is written down"
    fi
}

mail() {
    local kind url
    for kind in unsigned signed; do
        measure_size "$kind"
        echo "$size" >"$work/size.$kind"
    done
    "$signing" --json >"$work/signing.json"
    signatures=$(field library_per_second <"$work/signing.json")
    ring=$(field ring_per_second <"$work/signing.json")
    add_result "signing alone" "letters per second" "$(field signed_per_second <"$work/signing.json")" "$signatures" \
        "aws-lc-rs" "$(field ratio <"$work/signing.json")" - "40 KB, RSA-2048 and Ed25519, all cores, no mail"
    prepare "sqlite:$work/mail.db" "$people" unsigned 0
    mail_variant SQLite unsigned
    make_keys
    mail_variant SQLite signed
    rm -f "$work"/mail.db*
    if [[ -z $(postgres_bin) ]]; then
        echo "Mail on PostgreSQL: left out, since its binaries are missing."
        return
    fi
    start_postgres
    prepare "$postgres_url" "$people" unsigned 0
    mail_variant PostgreSQL unsigned
    make_keys
    mail_variant PostgreSQL signed
    stop_postgres
    rm -rf "$work/postgres"
}
