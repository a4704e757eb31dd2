//! `helpdesk rules`: who may do what where, to be read by people.

use std::process::ExitCode;

use super::{WRONG, or_enough, say};
use crate::rules::{meaning, rules, unclassified};

/// Prints the table, and the unsafe routes that nobody has classified.
pub(crate) fn print() -> anyhow::Result<ExitCode> {
    or_enough(table())
}

fn table() -> anyhow::Result<ExitCode> {
    let rules = rules();
    let spelled = |line: &vicarious::rules::Line| {
        format!("{}{}", line.route, if line.below && line.route != "/" { " and below" } else { "" })
    };
    let width = rules.lines().iter().map(|line| spelled(line).chars().count()).max().unwrap_or(0);
    say("What an agent may do as a customer:\n")?;
    for line in rules.lines() {
        let method = line.method.as_deref().unwrap_or("any");
        let phrase = line
            .phrase
            .as_deref()
            .filter(|phrase| !phrase.is_empty())
            .map(|phrase| format!("  “{phrase}”"))
            .unwrap_or_default();
        say(format!(
            "  {method:<9} {:<width$}  {:<8} {}{phrase}",
            spelled(line),
            line.rule.as_str(),
            meaning(line.rule)
        ))?;
    }
    say("\nReading is allowed everywhere else; an unsafe route without a line is `never`.")?;
    let forgotten = unclassified(&rules);
    if forgotten.is_empty() {
        say("Every unsafe route of the shop has a rule.")?;
        return Ok(ExitCode::SUCCESS);
    }
    say("\nUnsafe routes without a rule:")?;
    for (method, route) in forgotten {
        say(format!("  {method:<7} {route}"))?;
    }
    Ok(ExitCode::from(WRONG))
}
