//! The preference page and what comes after it, filled with made-up data.

use super::super::*;
use super::{brand, groups, permissions};
use crate::web::page::form::PermissionView;

pub(in crate::web::page) fn preferences(gpc: bool) -> PreferencesPage {
    let [mut opens, clicks, profiling] =
        permissions(["opens", "clicks", "profiling"]).try_into().expect("three boxes");
    opens = opens.with_state(Lang::English, &PermissionView::Granted("3 May 2026".into()));
    opens.ticked = !gpc;
    PreferencesPage {
        lang: Lang::English,
        brand: brand(),
        action: "/p/token".into(),
        masked_address: "j•••@example.com".into(),
        restricted: if gpc { "Nothing is sent to you at the moment.".into() } else { String::new() },
        groups: groups(BoxState::On, BoxState::Pending),
        permissions: vec![opens, clicks, profiling],
        wording: "I agree that Civic Notes sends me what I tick.".into(),
        seen: "5ee9".into(),
        gpc,
        can_keep: [("newsletter:email", "Newsletter by email"), ("webinars:email", "Webinars by email")]
            .map(|(value, label)| Kept { value: value.into(), label: label.into() })
            .into(),
        is_tracked: true,
        opened: 1_790_000_000_000_000,
        paused_until: if gpc { "3 March 2027".into() } else { String::new() },
        pause_typed: String::new(),
        pause_first: "2026-11-22".into(),
        pause_last: "2027-11-20".into(),
        at_most: "each".into(),
        at_most_radios: [("each", "Each time"), ("weekly", "At most once a week")]
            .map(|(value, label)| Radio {
                name: "at_most",
                value: value.into(),
                label: label.into(),
                checked: value == "each",
            })
            .into(),
        locale: String::new(),
        chosen_locale: String::new(),
        others: vec![OtherBrand { slug: "harbour".into(), name: "Harbour Letters".into() }],
        errors: Vec::new(),
    }
}

pub(in crate::web::page) fn result() -> ResultPage {
    let radio = |value: &str, label: &str| Radio {
        name: "reason",
        value: value.into(),
        label: label.into(),
        checked: false,
    };
    ResultPage {
        brand: brand(),
        action: "/r/token".into(),
        heading: "Saved, and it works now".into(),
        lead: "Civic Notes follows your new choices.".into(),
        when: "Done on 21 November 2026 at 10:02 UTC, and in force since then.".into(),
        started: vec!["Webinars by email".into()],
        stopped: vec!["Newsletter by post".into(), "Newsletter by email".into()],
        continues: vec!["Transport by email".into()],
        tracking: vec!["We no longer count when you open our emails.".into()],
        more: vec!["You get at most one letter a week.".into()],
        late: vec!["An email that had left us before.".into()],
        can_undo: true,
        undo_topics: vec!["Newsletter by email".into()],
        undo_wording: "I agree that Civic Notes sends me what I tick.".into(),
        undo_permissions: vec!["I agree that Civic Notes counts when I open its emails.".into()],
        undo_not_offered: "No longer offered, so it does not come back: Grants by post.".into(),
        seen: "5ee9".into(),
        reasons: vec![radio("too_many", "It came too often"), radio("other", "Something else")],
        receipt: vec![Fact::new("Number", "019aa6a2-0000-7000-8000-000000000000")],
        receipt_url: "/r/token/receipt.json".into(),
        preferences_url: "/p/token".into(),
        ..ResultPage::default()
    }
}
