# mail: letters per second of a campaign over SMTP into smtp-sink, beside Postfix `smtp-source -d` with letters of the
# same size and as many connections, round by round in turn.
# shellcheck shell=bash

# Quoted-printable lines are joined again before anything is looked for in them.
joined_letters() {
    find "$letters" -name '*.eml' -print0 | xargs -0 cat | tr -d '\r' | sed -e ':a' -e '/=$/{N;s/=\n//;ba' -e '}'
}

# prepare URL COUNT signed|unsigned [FIRST]: a database with so many people. The first FIRST (2000) get a campaign into
# a folder, so that real letters are at hand: $letters, and their mean size in $size.
prepare() {
    local first=${4:-2000} id relay=()
    ((first < $2)) || first=$2
    open_database "$1"
    if [[ $3 == signed ]]; then
        "$mannerly" dkim create civic.example.com --selector bench >"$work/dkim.log"
        # Nobody checks these signatures, so no DNS has their records.
        "$mannerly" dkim use civic.example.com bench --force >>"$work/dkim.log"
    else
        relay=(--relay-signs)
    fi
    import_seconds=$(import_people 0 "$first")
    letters=$work/letters
    rm -rf "$letters"
    serve --mail "folder:$letters" "${relay[@]}"
    id=$(create_campaign)
    schedule "$id"
    wait_until "$id" sent
    stop "$server"
    size=$(find "$letters" -name '*.eml' -printf '%s\n' | awk '{ n += $1 } END { print int(n / NR) }')
    (($2 == first)) || import_seconds=$(import_people "$first" "$(($2 - first))")
    imported=$(($2 == first ? first : $2 - first))
}

sink_count() { tr '\r' '\n' <"$work/sink.$sink_port" | sed -n 's/.*mesg=\([0-9]*\).*/\1/p' | tail -1; }

# send_round: one campaign to everybody, in $sent and $rate; the sink must have as many letters.
send_round() {
    local id begun before
    before=$(sink_count)
    id=$(create_campaign)
    begun=$(now)
    schedule "$id"
    wait_until "$id" sent
    rate=$(calc "$(now) - $begun")
    sent=$(api "campaigns/$id/report" | field sent)
    rate=$(calc "$sent / $rate")
    ((sent == $(sink_count) - ${before:-0})) || fail "$sent letters were sent, and the sink has another number."
}

source_round() {
    local begun
    begun=$(now)
    smtp-source -d -s "$sessions" -m "$1" -l "$size" -f bench@example.com -t person@example.com \
        "127.0.0.1:$sink_port" || fail "smtp-source failed."
    calc "$1 / ($(now) - $begun)"
}

# mail_variant URL DATABASE signed|unsigned
mail_variant() {
    local round ours=() peers=() relay=() goal="1.0"
    [[ $3 == signed ]] || relay=(--relay-signs)
    prepare "$1" "$people" "$3"
    start_sink
    serve --mail "smtp://127.0.0.1:$sink_port?starttls=never" --connections "$sessions" "${relay[@]}"
    echo "Mail, $3, $2: letters of $size octets to $people people, $sessions connections, $rounds rounds…"
    for round in $(seq "$rounds"); do
        send_round
        ours+=("$rate")
        peers+=("$(source_round "$sent")")
        printf '  round %s: smtp-source %.0f, mannerly %.0f per second\n' "$round" "${peers[-1]}" "${ours[-1]}"
    done
    stop "$server"
    stop "$sink"
    ours=("$(median_of "${ours[@]}")") peers=("$(median_of "${peers[@]}")")
    [[ $3 == unsigned && $2 == SQLite ]] || goal=-
    add_result "campaign, $3, $2" "letters per second" "${ours[0]}" "${peers[0]}" "smtp-source -d" \
        "$(calc "${ours[0]} / ${peers[0]}")" "$goal" "$size octets, from scheduling to the last answer"
    if [[ $3 == signed ]]; then
        add_result "campaign, $3, $2" "letters per second" "${ours[0]}" "$signatures" "the signatures alone" \
            "$(calc "${ours[0]} / $signatures")" "0.8" "RSA-2048 and Ed25519, ring on all cores"
    fi
}

mail() {
    local kind
    mail_variant "sqlite:$work/unsigned.db" SQLite unsigned
    rm -f "$work"/unsigned.db*
    if "$mannerly" dkim --help >/dev/null 2>&1; then
        signatures=$(cargo bench --quiet --bench signing -- --json |
            sed -n 's/.*"library_per_second":\([0-9.]*\).*/\1/p')
        mail_variant "sqlite:$work/signed.db" SQLite signed
        rm -f "$work"/signed.db*
    else
        echo "Mail, signed: left out, since this version cannot sign."
    fi
    if [[ -z $(postgres_bin) ]]; then
        echo "Mail on PostgreSQL: left out, since its binaries are missing."
        return
    fi
    for kind in unsigned signed; do
        [[ $kind == unsigned || -n ${signatures:-} ]] || continue
        start_postgres
        mail_variant "$postgres_url" PostgreSQL "$kind"
        stop_postgres
        rm -rf "$work/postgres"
    done
}
