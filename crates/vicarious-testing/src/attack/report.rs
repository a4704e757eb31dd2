use std::fmt;

use crate::table::Table;

/// What an attacker got, abuse by abuse; `Display` shows it as a table.
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody looks at proves nothing: say `.assert_held()`"]
pub struct AttackReport {
    /// The abuses, in the order of the documentation.
    pub attempts: Vec<Attempt>,
}

/// One abuse, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The abuse, in a few words.
    pub abuse: &'static str,
    /// What was tried, or the part of it that succeeded.
    pub tried: String,
    /// What came back.
    pub came_back: String,
    /// Whether the application held.
    pub held: Held,
}

/// Whether an application held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The attacker got nothing.
    Yes,
    /// The attacker got something, or nobody would have seen.
    No,
    /// It could not be tried; what is missing stands in the table.
    NotTried,
    /// The host said why it does not apply.
    LeftOut,
}

impl Held {
    /// Returns the word of the table.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "NO",
            Self::NotTried => "NOT TRIED",
            Self::LeftOut => "left out",
        }
    }
}

impl AttackReport {
    /// Returns the abuses against which the application did not hold, or that could not be tried.
    pub fn failures(&self) -> Vec<&Attempt> {
        self.attempts.iter().filter(|attempt| matches!(attempt.held, Held::No | Held::NotTried)).collect()
    }

    /// Asserts that the application held against every abuse.
    ///
    /// # Panics
    ///
    /// Otherwise, with the table.
    #[track_caller]
    pub fn assert_held(&self) {
        assert!(self.failures().is_empty() && !self.attempts.is_empty(), "\n{self}");
    }
}

impl fmt::Display for AttackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["abuse", "what was tried", "what came back", "held"]);
        for attempt in &self.attempts {
            table.row([attempt.abuse, &attempt.tried, &attempt.came_back, attempt.held.as_str()]);
        }
        write!(f, "{table}")?;
        let held = self.attempts.len() - self.failures().len();
        writeln!(f, "{held} of {} held.", self.attempts.len())?;
        // The table cuts what is long; what failed is told in full.
        let mut told = "";
        for attempt in self.failures() {
            if attempt.came_back != told {
                writeln!(f, "\n{}: {}\n  {}", attempt.abuse, attempt.tried, attempt.came_back)?;
                told = &attempt.came_back;
            }
        }
        Ok(())
    }
}
