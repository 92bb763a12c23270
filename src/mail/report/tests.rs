//! What the reader makes of messages that no corpus has: hostile ones, and those between two kinds.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn letter() -> Mailbox {
    Mailbox::Letter("abc".into())
}

fn unsubscribe() -> Mailbox {
    Mailbox::Unsubscribe("abc".into())
}

fn what(message: &str, to: &Mailbox) -> What {
    read(message.as_bytes(), to).what
}

const REPORT: &str = "Return-Path: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
    --b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
    Final-Recipient: rfc822; jane@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n\
    Content-Type: text/rfc822-headers\r\n\r\nReturn-Path: <b+abc234@in.example>\r\n\
    Message-ID: <DEF567@news.example>\r\nMessage-ID: <no token@news.example>\r\n--b--\r\n";

#[test]
fn a_report_is_read_and_names_its_letter_by_message_id_and_return_path() {
    let incoming = read(REPORT.as_bytes(), &letter());
    let status = Enhanced::parse("5.1.1");
    assert_eq!(incoming.what, What::Failed { blame: Blame::Address, status });
    assert_eq!(incoming.letters, ["def567", "abc234"]);
    assert!(!format!("{incoming:?}").contains("jane"), "no address is kept");
}

#[test]
fn whatever_a_person_writes_to_the_unsubscribe_address_is_one_and_an_answer_or_a_report_is_none() {
    for message in [
        "From: a@example.com\n\n",
        "Subject: unsubscribe\n\nplease",
        "Subject: \n\n",
        "",
        "Auto-Submitted: no\nPrecedence: bulk\n\nremove",
        // Providers that send it for the person say that a program wrote it.
        "Auto-Submitted: auto-generated\n\nunsubscribe",
    ] {
        assert_eq!(what(message, &unsubscribe()), What::Unsubscribe, "{message}");
        assert_ne!(what(message, &letter()), What::Unsubscribe, "{message}");
    }
    assert_eq!(what("Auto-Submitted: auto-replied (vacation)\n\nAway", &unsubscribe()), What::AutoReply);
    assert!(matches!(what(REPORT, &unsubscribe()), What::Failed { .. }));
}

#[test]
fn feedback_counts_by_its_type() {
    for (kind, expected) in [
        ("abuse", What::Complaint),
        ("Fraud", What::Complaint),
        ("opt-out", What::OptOut),
        ("not-spam", What::Feedback),
        ("auth-failure", What::Feedback),
        ("virus", What::Feedback),
        ("of-tomorrow", What::Feedback),
    ] {
        let message = format!(
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nabuse\n--b\n\
             Content-Type: message/feedback-report\n\nVersion: 1\nFeedback-Type: {kind}\n\
             Original-Mail-From: <b+abc234@in.example>\n--b--\n"
        );
        let incoming = read(message.as_bytes(), &Mailbox::Feedback);
        assert_eq!((incoming.what, incoming.letters), (expected, vec![String::from("abc234")]), "{kind}");
    }
}

#[test]
fn a_report_that_somebody_forwards_says_nothing_of_their_own_letter() {
    let forwarded = format!(
        "Subject: Fwd: what is this?\nContent-Type: multipart/mixed; boundary=f\n\n--f\n\nlook\n--f\n\
         Content-Type: message/rfc822\n\n{REPORT}\n--f--\n"
    );
    assert_eq!(
        read(forwarded.as_bytes(), &letter()),
        Incoming { what: What::Other, domain: None, letters: Vec::new() }
    );
}

#[test]
fn hostile_messages_of_ten_megabytes_are_read_in_no_time() {
    const SIZE: usize = 10_000_000;
    let repeated = |text: &str| text.repeat(SIZE / text.len()).into_bytes();
    let encoded = format!(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
        "QUFB\n".repeat(SIZE / 5)
    );
    for message in [
        repeated("a: b\n"),
        repeated(" folded\n"),
        repeated("Content-Type: message/rfc822\n\n"),
        repeated("Content-Type: multipart/mixed; boundary=b\n\n--b\n"),
        repeated("--b\n"),
        repeated("=3D"),
        repeated("("),
        repeated("Content-Type: text/plain; a="),
        repeated("Content-Type: multipart/report; boundary=\"\n "),
        vec![0; SIZE],
        vec![0xff; SIZE],
        encoded.into_bytes(),
        [REPORT.as_bytes(), &repeated("x")].concat(),
    ] {
        let begun = Instant::now();
        let _ = read(&message, &letter());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", &message[..40]);
    }
}

proptest! {
    #[test]
    fn any_octets_are_read_without_harm(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&octets, &letter());
        let _ = read(&octets, &unsubscribe());
    }

    #[test]
    fn a_report_cut_or_changed_anywhere_is_read_without_harm(at in 0..REPORT.len(), octet in any::<u8>()) {
        let mut changed = REPORT.as_bytes().to_vec();
        changed[at] = octet;
        let _ = read(&changed, &letter());
        let _ = read(&changed[..at], &Mailbox::Feedback);
    }

    #[test]
    fn pieces_of_reports_in_any_order_are_read_without_harm(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "Content-Type: multipart/report; boundary=b\n", "Content-Type: message/rfc822\n",
            "Content-Type: message/delivery-status\n", "Content-Transfer-Encoding: base64\n",
            "Content-Transfer-Encoding: quoted-printable\n", "\n", "--b\n", "--b--\n", "Action: failed\n",
            "Status: 5.7.1\n", "QUFB\n", "=C3=A9 =\n", "Feedback-Type: abuse\n", "\r\n", " x\n", "=\r=\n",
        ]), 0..60)
    ) {
        let _ = read(pieces.concat().as_bytes(), &letter());
    }
}
