//! Signatures of messages that came in, made by our own signer and by nobody.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::clock::Moment;
use crate::mail::dkim::{NewKey, Signer, SigningKey, record_text};
use crate::mail::dns::Memory;

static KEYS: LazyLock<Vec<NewKey>> = LazyLock::new(|| {
    crate::mail::dkim::Algorithm::ALL.iter().map(|kind| NewKey::generate(*kind).unwrap()).collect()
});

const REPORT: &str = "From: Reports <fbl@mail.provider.example>\r\nTo: fbl@in.example\r\nSubject: complaint\r\n\
    Content-Type: text/plain\r\n\r\nLine one  \r\nline two\r\n";

/// Signed by this domain, and the DNS that has its keys.
fn signed(message: &str, domain: &str) -> (String, Memory) {
    let dns = Memory::new();
    let keys = KEYS.iter().enumerate().map(|(number, key)| {
        let selector = format!("s{number}");
        let name = super::super::record_name(domain, &selector);
        dns.put(Question::Txt(name), &[&record_text(key.algorithm, &key.public)]);
        SigningKey::read(key.algorithm, &selector, &key.private).unwrap()
    });
    let signer = Signer::new(domain, keys.collect());
    let signed = signer.sign(message.as_bytes(), Moment::from_micros(0)).unwrap();
    (String::from_utf8(signed).unwrap(), dns)
}

async fn proof(message: &str, dns: &Memory) -> Proof {
    verify(message.as_bytes(), &Dns::memory(dns)).await
}

#[tokio::test]
async fn what_the_sender_s_domain_or_one_above_it_signed_is_believed_whatever_carried_it() {
    for domain in ["mail.provider.example", "provider.example"] {
        let (message, dns) = signed(REPORT, domain);
        assert_eq!(proof(&message, &dns).await, Proof::Signed, "{domain}");
        assert_eq!(proof(&message.replace("\r\n", "\n"), &dns).await, Proof::Signed);
        let kept = format!("From x@y.example Sat Nov 21 10:00:00 2026\nDelivered-To: a@b.example\n{message}");
        assert_eq!(proof(&kept, &dns).await, Proof::Signed);
        // One key that is gone, or does not answer, is made up for by the other.
        dns.put(Question::Txt(format!("s0._domainkey.{domain}")), &[]);
        assert_eq!(proof(&message, &dns).await, Proof::Signed);
        dns.fail(Question::Txt(format!("s0._domainkey.{domain}")));
        assert_eq!(proof(&message, &dns).await, Proof::Signed);
    }
}

#[tokio::test]
async fn what_another_domain_signed_or_nobody_is_unsigned() {
    let (message, dns) = signed(REPORT, "mail.provider.example");
    let unsigned = Proof::Doubtful(Doubt::Unsigned);
    assert_eq!(proof(REPORT, &dns).await, unsigned);
    for domain in ["attacker.example", "a.mail.provider.example", "xmail.provider.example", "example"] {
        let (message, dns) = signed(REPORT, domain);
        assert_eq!(proof(&message, &dns).await, unsigned, "{domain}");
    }
    for (what, changed) in [
        ("two senders", message.replace("From: Reports <", "From: a@attacker.example, Reports <")),
        ("a second From", format!("From: a@attacker.example\r\n{message}")),
        ("From not signed", message.replace("h=From:From:", "h=")),
        ("part of the body", message.replace(" c=relaxed/relaxed;", " c=relaxed/relaxed; l=5;")),
        ("no header", String::from("\r\n\r\n")),
        ("nothing", String::new()),
    ] {
        assert_ne!(changed, message);
        assert_eq!(proof(&changed, &dns).await, unsigned, "{what}");
    }
    let many = message.split("From: Reports").next().unwrap().repeat(5) + REPORT;
    assert_eq!(proof(&many, &dns).await, unsigned);
}

#[tokio::test]
async fn what_was_changed_is_broken_and_a_key_that_is_gone_is_not_one_that_does_not_answer() {
    let (message, dns) = signed(REPORT, "mail.provider.example");
    for changed in [
        message.replace("line two", "line 2"),
        message.replace("Subject: complaint", "Subject: praise"),
        format!("{message}more\r\n"),
        message.replace("t=0;", "t=0; x=1;"),
    ] {
        assert_ne!(changed, message);
        assert_eq!(proof(&changed, &dns).await, Proof::Doubtful(Doubt::Broken));
    }
    let names = ["s0", "s1"].map(|selector| format!("{selector}._domainkey.mail.provider.example"));
    for name in &names {
        dns.fail(Question::Txt(name.clone()));
    }
    assert_eq!(proof(&message, &dns).await, Proof::Unanswered);
    for name in &names {
        dns.put(Question::Txt(name.clone()), &["v=DKIM1; p="]);
    }
    assert_eq!(proof(&message, &dns).await, Proof::Doubtful(Doubt::NoKey));
    for name in &names {
        dns.put(Question::Txt(name.clone()), &[]);
    }
    assert_eq!(proof(&message, &dns).await, Proof::Doubtful(Doubt::NoKey));
    assert_eq!(proof(&message, &Memory::new()).await, Proof::Doubtful(Doubt::NoDns));
    let odd = message.replace("s=s0;", "s=\u{e4}..;").replace("s=s1;", "s=..;");
    assert_eq!(proof(&odd, &dns).await, Proof::NONE, "no name that could be asked for");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_are_looked_at_without_harm(
        octets in proptest::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (message, dns) = signed(REPORT, "mail.provider.example");
        let at = at.index(message.len());
        let mixed = [&message.as_bytes()[..at], octets.as_slice(), &message.as_bytes()[at..]].concat();
        runtime.block_on(verify(&mixed, &Dns::memory(&dns)));
        prop_assert_ne!(runtime.block_on(verify(&octets, &Dns::memory(&dns))), Proof::Signed);
    }
}
