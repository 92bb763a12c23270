//! Made-up pages of letters that all may read, and of the privacy notice.

use super::*;

pub(super) fn notice() -> NoticePage {
    let version = |name: &str, time: &str| NoticeVersion {
        href: format!("/b/civic-notes/privacy/{name}"),
        version: name.into(),
        time: time.into(),
        is_shown: name == "2026-05",
    };
    NoticePage {
        lang: Lang::English,
        brand: brand(),
        version: "2026-05".into(),
        time: "In force from 3 May 2026 to 1 November 2026.".into(),
        is_other: true,
        text: "<h2>What we keep</h2>\n<p>Your address.</p>".into(),
        written_in: Lang::Welsh,
        versions: vec![
            version("2026-11", "In force since 1 November 2026."),
            version("2026-05", "In force from 3 May 2026 to 1 November 2026."),
        ],
        on: "2026-06-01".into(),
    }
}

pub(super) fn archive() -> ArchivePage {
    let letter = |subject: &str, language| ArchivedLetter {
        href: "/b/civic-notes/archive/0190a1b2-0000-7000-8000-000000000001".into(),
        subject: subject.into(),
        day: "3 May 2026".into(),
        language,
    };
    ArchivePage {
        lang: Lang::English,
        brand: brand(),
        letters: vec![
            letter("The month in ten minutes", Lang::English),
            letter("Y mis mewn deg munud", Lang::Welsh),
        ],
        number: 2,
        newer_url: "/b/civic-notes/archive".into(),
        older_url: "/b/civic-notes/archive?page=3".into(),
    }
}
