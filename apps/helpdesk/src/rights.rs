//! What somebody may do in the shop beyond being its customer.

/// A set of staff rights; empty for a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights(u8);

impl Rights {
    /// May use the shop as a customer who agreed.
    pub(crate) const SUPPORT: Self = Self(1);
    /// May give money back.
    pub(crate) const REFUNDS: Self = Self(1 << 1);
    /// May read the trail, revoke and pause.
    pub(crate) const ADMINISTER: Self = Self(1 << 2);
    /// A right that this version of the shop does not know.
    const UNKNOWN: Self = Self(1 << 7);

    const WORDS: [(&'static str, Self); 3] =
        [("support", Self::SUPPORT), ("refunds", Self::REFUNDS), ("administer", Self::ADMINISTER)];

    /// Reads words separated by spaces. An unknown word is a right too: whoever has it is no customer.
    pub(crate) fn parse(words: &str) -> Self {
        words.split_whitespace().fold(Self::default(), |rights, word| {
            let known = Self::WORDS.iter().find(|(known, _)| *known == word);
            rights.and(known.map_or(Self::UNKNOWN, |(_, right)| *right))
        })
    }

    /// Returns both sets together.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether all of `other` is in this set.
    pub(crate) fn include(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether this is the empty set: a customer's.
    pub(crate) fn are_none(self) -> bool {
        self.0 == 0
    }

    /// Returns the words for these rights, as the database holds them.
    pub(crate) fn words(self) -> String {
        let has = |(_, right): &&(&str, Self)| self.include(*right);
        Self::WORDS.iter().filter(has).map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
    }
}

/// Returns whether somebody with the rights `agent` may use the account of somebody with the rights `customer`.
///
/// Rights are compared, not roles: the target may do nothing that staff may, so entering an account never leads
/// sideways or up, whatever somebody's job is called.
pub(crate) fn may_enter(agent: Rights, customer: Rights) -> bool {
    agent.include(Rights::SUPPORT) && customer.are_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_support_enters_and_only_accounts_without_any_right() {
        let support = Rights::SUPPORT;
        assert!(may_enter(support, Rights::default()));
        assert!(may_enter(support.and(Rights::ADMINISTER), Rights::default()));
        for agent in [Rights::default(), Rights::REFUNDS, Rights::ADMINISTER] {
            assert!(!may_enter(agent, Rights::default()), "{agent:?}");
        }
        for right in [Rights::SUPPORT, Rights::REFUNDS, Rights::ADMINISTER, Rights::parse("brew")] {
            assert!(!may_enter(support, right), "{right:?}");
        }
    }

    #[test]
    fn words_and_rights_are_the_same_thing() {
        let both = Rights::SUPPORT.and(Rights::ADMINISTER);
        assert_eq!(both.words(), "support administer");
        assert_eq!(Rights::parse(&both.words()), both);
        assert!(Rights::parse("  ").are_none());
        assert!(!Rights::parse("brew").are_none());
    }
}
