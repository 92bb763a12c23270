//! The tables as diesel sees them, the same for both databases. `tests/schema.rs` proves that they match.

diesel::table! {
    organisation (id) {
        id -> BigInt,
        key_fingerprint -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    api_key (id) {
        id -> BigInt,
        public_id -> Binary,
        name -> Text,
        key_hash -> Binary,
        scopes -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    brand (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        legal_name -> Text,
        registered_address -> Text,
        contact_email -> Text,
        marketing_from -> Text,
        service_from -> Text,
        reply_to -> Nullable<Text>,
        base_url -> Text,
        policy_url -> Text,
        policy_version -> Text,
        consent_wording -> Text,
        refresh_consents_before -> Nullable<BigInt>,
        anonymous_tracking -> Bool,
        changed_at -> BigInt,
        incoming_domain -> Nullable<Text>,
        relay -> Nullable<Text>,
        accent -> Nullable<Text>,
        accent_dark -> Nullable<Text>,
        language -> Nullable<Text>,
    }
}

diesel::table! {
    logo (brand_id) {
        brand_id -> BigInt,
        png -> Binary,
    }
}

diesel::table! {
    brand_host (host) {
        host -> Text,
        brand_id -> BigInt,
    }
}

diesel::table! {
    notice (id) {
        id -> BigInt,
        brand_id -> BigInt,
        version -> Text,
        language -> Text,
        valid_from -> BigInt,
        markdown -> Text,
        sha256 -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    topic (id) {
        id -> BigInt,
        brand_id -> BigInt,
        slug -> Text,
        kind -> Text,
        name -> Text,
        description -> Text,
        sensitive -> Bool,
        offers_email -> Bool,
        offers_phone -> Bool,
        offers_post -> Bool,
        position -> Integer,
        frequency_note -> Text,
        example_url -> Nullable<Text>,
    }
}

diesel::table! {
    sign_up_form (id) {
        id -> BigInt,
        brand_id -> BigInt,
        slug -> Text,
        heading -> Text,
        intro -> Text,
        topics -> Text,
        fields -> Text,
        origins -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    spent_challenge (number) {
        number -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    mail_lane (brand_id, lane) {
        brand_id -> BigInt,
        lane -> Text,
        taken_until -> BigInt,
    }
}

diesel::table! {
    source (id) {
        id -> BigInt,
        public_id -> Binary,
        name -> Text,
        kind -> Text,
        policy_url -> Nullable<Text>,
        licence_from -> Nullable<BigInt>,
        licence_until -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    subscriber (id) {
        id -> BigInt,
        public_id -> Binary,
        email -> Nullable<Text>,
        email_hash -> Nullable<Binary>,
        phone -> Nullable<Text>,
        postal_address -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company -> Nullable<Text>,
        country -> Nullable<Text>,
        locale -> Nullable<Text>,
        attributes -> Text,
        source_id -> BigInt,
        created_at -> BigInt,
        informed_at -> Nullable<BigInt>,
        restricted_at -> Nullable<BigInt>,
        erased_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    evidence (id) {
        id -> BigInt,
        digest -> Binary,
        form -> Text,
        wording -> Text,
        wording_sha256 -> Binary,
        shown -> Text,
        policy_version -> Text,
        language -> Nullable<Text>,
    }
}

diesel::table! {
    ledger (id) {
        id -> BigInt,
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        evidence_id -> BigInt,
        topic_id -> Nullable<BigInt>,
        channel -> Nullable<Text>,
        permission -> Nullable<Text>,
        decision -> Text,
        basis -> Nullable<Text>,
        method -> Text,
        actor -> Text,
        campaign_id -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    opt_in (subscriber_id, topic_id, channel) {
        subscriber_id -> BigInt,
        topic_id -> BigInt,
        channel -> Text,
        brand_id -> BigInt,
        state -> Text,
        basis -> Text,
        changed_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        ledger_id -> BigInt,
        source_id -> Nullable<BigInt>,
        obtained_at -> Nullable<BigInt>,
        informed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    permission (subscriber_id, brand_id, kind) {
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        kind -> Text,
        state -> Text,
        changed_at -> BigInt,
        ledger_id -> BigInt,
    }
}

diesel::table! {
    brand_choice_entry (id) {
        id -> BigInt,
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        evidence_id -> BigInt,
        paused_until -> Nullable<BigInt>,
        at_most -> Text,
        method -> Text,
        actor -> Text,
        campaign_id -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    brand_choice (subscriber_id, brand_id) {
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        paused_until -> Nullable<BigInt>,
        at_most -> Text,
        changed_at -> BigInt,
        entry_id -> BigInt,
    }
}

diesel::table! {
    act (id) {
        id -> BigInt,
        public_id -> Binary,
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        campaign_id -> Nullable<BigInt>,
        kind -> Text,
        at -> BigInt,
        before -> Text,
        after -> Text,
        ledger_after -> BigInt,
        ledger_until -> BigInt,
        choices_after -> BigInt,
        choices_until -> BigInt,
        undoes -> Nullable<BigInt>,
        gave_reason -> Bool,
        named -> Nullable<Text>,
    }
}

diesel::table! {
    unsubscribe_reason (brand_id, campaign_id, reason) {
        brand_id -> BigInt,
        campaign_id -> BigInt,
        reason -> Text,
        people -> BigInt,
    }
}

diesel::table! {
    suppression (id) {
        id -> BigInt,
        public_id -> Binary,
        address_hash -> Binary,
        channel -> Text,
        brand_id -> Nullable<BigInt>,
        reason -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    suppression_exception (suppression_id, brand_id) {
        suppression_id -> BigInt,
        brand_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    confirmation (id) {
        id -> BigInt,
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        evidence_id -> BigInt,
        wants_opens -> Bool,
        wants_clicks -> Bool,
        created_at -> BigInt,
        expires_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        profile -> Nullable<Text>,
    }
}

diesel::table! {
    request (id) {
        id -> BigInt,
        brand_id -> BigInt,
        content -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        brand_id -> BigInt,
        subscriber_id -> BigInt,
        kind -> Text,
        confirmation_id -> Nullable<BigInt>,
        state -> Text,
        attempts -> Integer,
        due_at -> BigInt,
        created_at -> BigInt,
        address_change_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    address_change (id) {
        id -> BigInt,
        subscriber_id -> BigInt,
        brand_id -> BigInt,
        state -> Text,
        new_email -> Nullable<Text>,
        old_email -> Nullable<Text>,
        language -> Nullable<Text>,
        asked_at -> BigInt,
        expires_at -> BigInt,
        done_at -> Nullable<BigInt>,
        mailed_hash -> Nullable<Binary>,
    }
}

diesel::table! {
    former_address (subscriber_id, address_hash) {
        subscriber_id -> BigInt,
        address_hash -> Binary,
        since -> BigInt,
        left_at -> BigInt,
    }
}

diesel::table! {
    campaign (id) {
        id -> BigInt,
        public_id -> Binary,
        brand_id -> BigInt,
        name -> Text,
        channel -> Text,
        topic_id -> BigInt,
        state -> Text,
        pause_reason -> Nullable<Text>,
        subject -> Text,
        html -> Text,
        text -> Nullable<Text>,
        scheduled_at -> Nullable<BigInt>,
        planned_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        plan_cursor -> BigInt,
        created_at -> BigInt,
        changed_at -> BigInt,
        resumed_at -> Nullable<BigInt>,
        format -> Text,
        template -> Nullable<Text>,
        source -> Nullable<Text>,
        archive -> Bool,
        language -> Nullable<Text>,
    }
}

diesel::table! {
    campaign_subject (campaign_id, topic_id) {
        campaign_id -> BigInt,
        topic_id -> BigInt,
    }
}

diesel::table! {
    link (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        position -> Integer,
        url -> Text,
    }
}

diesel::table! {
    delivery (campaign_id, subscriber_id) {
        campaign_id -> BigInt,
        subscriber_id -> BigInt,
        state -> Text,
        reason -> Nullable<Text>,
        attempts -> Integer,
        due_at -> BigInt,
        claimed_by -> Nullable<BigInt>,
        lease_until -> Nullable<BigInt>,
        tracks_opens -> Bool,
        tracks_clicks -> Bool,
        finished_at -> Nullable<BigInt>,
        opened_at -> Nullable<BigInt>,
        clicked_at -> Nullable<BigInt>,
        bounce -> Nullable<Text>,
        bounce_status -> Nullable<Text>,
        bounced_at -> Nullable<BigInt>,
        complained_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outcome_tally (campaign_id) {
        campaign_id -> BigInt,
        sent -> BigInt,
        bad_addresses -> BigInt,
        complaints -> BigInt,
        refused -> BigInt,
        seen_bad_addresses -> BigInt,
        seen_complaints -> BigInt,
        policies -> BigInt,
        standings -> BigInt,
        seen_policies -> BigInt,
        seen_standings -> BigInt,
    }
}

diesel::table! {
    unverified_report (campaign_id, subscriber_id) {
        campaign_id -> BigInt,
        subscriber_id -> BigInt,
        kind -> Text,
        doubt -> Text,
        domain -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::table! {
    dkim_key (id) {
        id -> BigInt,
        domain -> Text,
        selector -> Text,
        algorithm -> Text,
        sealed -> Binary,
        public_key -> Binary,
        state -> Text,
        created_at -> BigInt,
        changed_at -> BigInt,
    }
}

diesel::table! {
    pace (scope, name) {
        scope -> Text,
        name -> Text,
        messages -> BigInt,
        period -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    hit (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        subscriber_id -> BigInt,
        kind -> Text,
        link_id -> Nullable<BigInt>,
        at -> BigInt,
        class -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    hit_count (campaign_id, kind, link_id, hour, class) {
        campaign_id -> BigInt,
        kind -> Text,
        link_id -> BigInt,
        hour -> BigInt,
        class -> Text,
        hits -> BigInt,
        people -> BigInt,
    }
}

diesel::table! {
    anonymous_count (campaign_id, kind, link_id, hour) {
        campaign_id -> BigInt,
        kind -> Text,
        link_id -> BigInt,
        hour -> BigInt,
        hits -> BigInt,
    }
}

diesel::table! {
    recorder_batch (recorder) {
        recorder -> BigInt,
        batch -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    mark_count (campaign_id, part, name) {
        campaign_id -> BigInt,
        part -> Text,
        name -> Text,
        opened -> BigInt,
        clicked -> BigInt,
    }
}

diesel::table! {
    idempotency (api_key_id, name_hash) {
        api_key_id -> BigInt,
        name_hash -> Binary,
        request_hash -> Binary,
        answer -> Nullable<Binary>,
        begun_at -> BigInt,
    }
}

diesel::joinable!(topic -> brand (brand_id));
diesel::joinable!(subscriber -> source (source_id));
diesel::joinable!(ledger -> evidence (evidence_id));
diesel::joinable!(opt_in -> topic (topic_id));
diesel::joinable!(opt_in -> source (source_id));
diesel::joinable!(suppression_exception -> suppression (suppression_id));
diesel::joinable!(campaign -> brand (brand_id));
diesel::joinable!(campaign -> topic (topic_id));
diesel::joinable!(link -> campaign (campaign_id));
diesel::joinable!(delivery -> subscriber (subscriber_id));
diesel::joinable!(delivery -> campaign (campaign_id));
diesel::joinable!(outcome_tally -> campaign (campaign_id));
diesel::joinable!(ledger -> topic (topic_id));
diesel::joinable!(ledger -> brand (brand_id));
diesel::joinable!(opt_in -> subscriber (subscriber_id));
diesel::joinable!(opt_in -> brand (brand_id));
diesel::joinable!(brand_choice_entry -> evidence (evidence_id));
diesel::joinable!(brand_choice_entry -> brand (brand_id));
diesel::joinable!(brand_choice -> brand (brand_id));
diesel::joinable!(act -> brand (brand_id));
diesel::joinable!(hit -> link (link_id));
diesel::joinable!(hit_count -> campaign (campaign_id));

diesel::allow_tables_to_appear_in_same_query!(
    organisation,
    api_key,
    brand,
    logo,
    brand_host,
    notice,
    topic,
    source,
    subscriber,
    evidence,
    ledger,
    opt_in,
    permission,
    brand_choice_entry,
    brand_choice,
    act,
    unsubscribe_reason,
    suppression,
    suppression_exception,
    confirmation,
    request,
    outbox,
    address_change,
    former_address,
    campaign,
    campaign_subject,
    link,
    delivery,
    hit,
    hit_count,
    anonymous_count,
    mark_count,
    recorder_batch,
    outcome_tally,
    unverified_report,
    dkim_key,
    pace,
    idempotency,
);
