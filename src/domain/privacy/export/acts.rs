//! What a person did on our pages, as it stands in their copy.

use serde::Serialize;

use crate::clock::Moment;
use crate::domain::catalog::Channel;
use crate::domain::consent::brand_choice::AtMost;
use crate::domain::consent::permission::{Change, Kind};
use crate::domain::preferences::act::{Act, Kind as ActKind};
use crate::domain::preferences::{Changes, Choice};
use crate::domain::privacy::address_change::{AddressChange, State as AddressChangeState};
use crate::email_address::EmailAddress;
use crate::id::PublicId;

/// Something that was done on a page in one go.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ActCopy {
    /// The number of its receipt.
    pub id: PublicId,
    /// When.
    pub at: Moment,
    /// The brand.
    pub brand: String,
    /// What was done.
    pub kind: ActKind,
    /// What was agreed to by it.
    pub granted: Vec<ChoiceCopy>,
    /// What was ended by it.
    pub withdrawn: Vec<ChoiceCopy>,
    /// Which answers about tracking it changed.
    pub permissions: Vec<PermissionChangeCopy>,
    /// Until when the brand paused after it.
    pub paused_until: Option<Moment>,
    /// How often the brand could write at most after it.
    pub at_most: AtMost,
    /// The receipt's number of what it undid.
    pub undoes: Option<PublicId>,
}

/// A topic on a channel.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ChoiceCopy {
    /// The topic.
    pub topic: String,
    /// How it comes.
    pub channel: Channel,
}

/// An answer about tracking that was changed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PermissionChangeCopy {
    /// What for.
    pub kind: Kind,
    /// Whether it was allowed from then on.
    pub allowed: bool,
}

/// A wish to use another address; the address itself is kept only while its link works.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AddressChangeCopy {
    /// When it was asked for.
    pub at: Moment,
    /// What became of it: `asked`, `mailed`, `void` or `done`.
    pub state: AddressChangeState,
    /// The new address, as long as its link works.
    pub new_email: Option<String>,
    /// The old address, until it has been told.
    pub old_email: Option<String>,
    /// When the button was pressed.
    pub done_at: Option<Moment>,
}

impl ActCopy {
    pub(super) fn of(act: &Act, brand: String, changes: Changes, undoes: Option<PublicId>) -> Self {
        let choices = |list: Vec<Choice>| {
            let copy = |choice: Choice| ChoiceCopy { topic: choice.topic, channel: choice.channel };
            list.into_iter().map(copy).collect()
        };
        let permissions = changes.permissions.iter();
        Self {
            id: act.public_id,
            at: act.at,
            brand,
            kind: act.kind,
            granted: choices(changes.granted),
            withdrawn: choices(changes.withdrawn),
            permissions: permissions
                .map(|(kind, change)| PermissionChangeCopy {
                    kind: *kind,
                    allowed: *change == Change::Granted,
                })
                .collect(),
            paused_until: act.after.paused_until,
            at_most: act.after.at_most,
            undoes,
        }
    }
}

impl AddressChangeCopy {
    pub(super) fn of(change: AddressChange) -> Self {
        let text = |address: EmailAddress| address.as_str().to_owned();
        Self {
            at: change.asked_at,
            state: change.state,
            new_email: change.new_email.map(text),
            old_email: change.old_email.map(text),
            done_at: change.done_at,
        }
    }
}
