//! Catalog: the brands of the organisation, the channels, the topics one can opt in to, the forms that offer them, and
//! the keys that sign.

pub mod brand;
pub mod channel;
pub mod dkim_key;
pub mod host;
pub mod logo;
pub mod look;
pub mod notice;
pub mod sign_up_form;
pub mod topic;

pub use brand::Brand;
pub use channel::Channel;
pub use sign_up_form::NamedForm;
pub use topic::Topic;
