//! What must hold for the preference page and the page of what was done there.

use super::super::samples::{preferences, result, sign_up_with_errors};
use super::*;

#[test]
fn the_preference_page_shows_what_is_stored_and_stop_comes_first() {
    let html = render(&preferences(false)).unwrap();
    let ticked = ["newsletter:email", "transport:email", "each", "opens"];
    assert_eq!(values(&html, "[checked]", "value"), ticked);
    let buttons = elements(&html, "button");
    let order: Vec<_> = buttons.iter().map(|b| b["value"].as_str()).collect();
    use PreferencesPage as Page;
    let expected = [
        Page::SAVE,
        Page::STOP,
        Page::ONLY,
        Page::PAUSE,
        Page::SAVE,
        Page::ALL_EMAIL,
        Page::NONE,
        Page::NO_TRACKING,
        Page::SAVE,
        "other-link:harbour",
        Page::DATA_LINK,
    ];
    assert_eq!(order, expected);
    assert_eq!(buttons[0].get("aria-hidden").map(String::as_str), Some("true"), "it stands for Enter alone");
    assert_eq!(buttons[1].get("class"), buttons[4].get("class"), "stop looks like save (A-03)");
    assert!(html.contains("You allowed this on 3 May 2026."));
    assert!(html.contains("have not confirmed it yet"));
}

#[test]
fn a_browser_that_asks_not_to_be_tracked_finds_the_tracking_boxes_empty() {
    let html = render(&preferences(true)).unwrap();
    assert!(elements(&html, "[name=permission][checked]").is_empty());
    assert!(html.contains("Your browser asks not to be tracked"));
}

#[test]
fn enter_in_the_form_with_the_boxes_means_save() {
    let html = render(&preferences(false)).unwrap();
    let form = html.split("<form").find(|form| form.contains("name=\"choice\"")).unwrap();
    let first = form.split("<button").nth(1).unwrap();
    assert!(first.contains("value=\"save\""), "a browser presses the first button of the form: {first}");
    assert_eq!(elements(&html, "form").len(), 1, "no button leaves behind what was ticked for another");
}

#[test]
fn a_page_that_pauses_offers_to_go_on_and_no_second_pause() {
    let html = render(&preferences(true)).unwrap();
    assert!(html.contains("pauses until 3 March 2027"));
    assert_eq!(elements(&html, "button[value=resume]").len(), 1);
    assert!(elements(&html, "button[value=pause], #pause_until").is_empty());
}

#[test]
fn a_result_offers_to_undo_it_or_says_why_not() {
    let page = result();
    let html = render(&page).unwrap();
    assert_eq!(values(&html, "button", "value"), [ResultPage::UNDO, ResultPage::REASON]);
    assert!(html.contains(&page.undo_wording), "who agrees by it has read to what");
    let page = ResultPage { can_undo: false, undo_note: "This was undone.".into(), ..page };
    let html = render(&page).unwrap();
    assert!(html.contains("This was undone.") && elements(&html, "button[value=undo]").is_empty());
}

#[test]
fn a_box_that_shows_what_is_stored_says_how_it_started() {
    let html = render(&preferences(false)).unwrap();
    let shown = values(&html, "input[name=shown]", "value");
    assert_eq!(shown.len(), 1, "one field says it of all boxes");
    let (on, off): (Vec<_>, Vec<_>) = parted(&shown).into_iter().partition(|value| value.ends_with(":on"));
    assert_eq!(on, ["newsletter:email:on", "transport:email:on"]);
    assert!(!off.is_empty() && off.iter().all(|value| value.ends_with(":off")));
    let permissions = |html: &str| values(html, "input[name=shown_permission]", "value");
    assert_eq!(permissions(&html), ["opens:on clicks:off profiling:off"]);
    let html = render(&preferences(true)).unwrap();
    assert_eq!(permissions(&html), ["opens:emptied clicks:emptied profiling:emptied"]);
    let html = render(&sign_up_with_errors()).unwrap();
    assert!(
        !html.contains(":on\"") && !html.contains(":off\""),
        "a sign-up form has no box that starts ticked"
    );
}
