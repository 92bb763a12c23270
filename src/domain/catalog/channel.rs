//! The ways in which a brand can reach a person.

word_enum! {
    /// How a message travels.
    pub enum Channel {
        /// Electronic mail.
        Email = "email",
        /// A telephone call by a person.
        Phone = "phone",
        /// A letter on paper.
        Post = "post",
    }
}
