//! Made-up people with a made-up past, the same in every fresh demo.

mod names;
mod past;

use anyhow::Context;

use crate::database::{Database, Tx, within};
use crate::rights::Rights;
use crate::shop::At;
use crate::shop::accounts::{self, NewAccount};
use crate::sign_in;

/// The password of every demo account.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The customers who have agreed to support access.
pub(crate) const AGREED: [&str; 2] = ["alice", "carol"];
/// How many customers there are besides those two.
const CROWD: usize = 200;
/// Which of them administers the organisation that she and Alice belong to: Yara Dubois.
const MANAGER: usize = 48;

/// Somebody of the demo.
struct Person {
    id: String,
    name: String,
    email: String,
    rights: Rights,
    organisation: Option<&'static str>,
    manages: bool,
    town: &'static str,
}

/// Fills an empty database; one that has been filled, or has accounts of its own, is left alone.
pub(crate) async fn fill(database: &Database, now: At) -> anyhow::Result<()> {
    let mut tx = database.begin().await?;
    if !first_to_fill(&mut tx, now).await? {
        return Ok(());
    }
    // One hash for all: it is the same password anyway, and a start should take no time.
    let hash = tokio::task::spawn_blocking(|| sign_in::hash(PASSWORD)).await.context("hashing was interrupted")??;
    for (number, person) in (0_u64..).zip(people()) {
        let joined = now.plus_days(-past::days_ago(number));
        let new = NewAccount {
            id: &person.id,
            name: &person.name,
            email: &person.email,
            password_hash: &hash,
            rights: person.rights,
            organisation: person.organisation,
            manages: person.manages,
            town: person.town,
            created_at: joined,
        };
        accounts::insert(&mut tx, &new).await?;
        if person.rights.are_none() {
            past::invent(&mut tx, number, &person.id, now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Returns whether this transaction is the one that fills the database. Another process that wants to waits here.
async fn first_to_fill(tx: &mut Tx, now: At) -> sqlx::Result<bool> {
    const MARK: &str = "INSERT INTO milestones (name, at) VALUES ('demo', $1) ON CONFLICT DO NOTHING";
    const PEOPLE: &str = "SELECT count(*) FROM accounts";
    within!(tx, connection => {
        let marked = sqlx::query(MARK).bind(now).execute(&mut *connection).await?.rows_affected();
        let people: i64 = sqlx::query_scalar(PEOPLE).fetch_one(&mut *connection).await?;
        Ok(marked == 1 && people == 0)
    })
}

fn people() -> Vec<Person> {
    let customer = Rights::default();
    let support = Rights::SUPPORT;
    let named = [
        ("alice", "Alice Winter", customer, Some("Alder & Finch Bakery"), "Bamberg"),
        ("carol", "Carol Okafor", customer, None, "Cork"),
        ("bob", "Bob Marsh", support, None, "Delft"),
        ("eve", "Eve Sandoval", support.and(Rights::REFUNDS), None, "Porto"),
        ("dana", "Dana Whitfield", support.and(Rights::ADMINISTER), None, "Ghent"),
    ];
    let named = named.into_iter().map(|(id, name, rights, organisation, town)| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        email: format!("{id}@example.com"),
        rights,
        organisation,
        manages: false,
        town,
    });
    named.chain((0..CROWD).map(somebody)).collect()
}

/// Makes up a customer. 50 given and 37 family names have no common divisor, so no full name comes twice.
fn somebody(number: usize) -> Person {
    let given = pick(&names::GIVEN, number);
    let family = pick(&names::FAMILY, number * 7);
    let organisation = number.is_multiple_of(6).then(|| pick(&names::CAFES, number / 6));
    Person {
        id: format!("customer-{:03}", number + 1),
        name: format!("{given} {family}"),
        email: format!("{}.{}@example.com", plain(given), plain(family)),
        rights: Rights::default(),
        organisation,
        manages: number == MANAGER,
        town: pick(&names::TOWNS, number * 5 + number / 16),
    }
}

fn pick(list: &[&'static str], number: usize) -> &'static str {
    list.get(number % list.len().max(1)).copied().unwrap_or_default()
}

/// Returns a name as it stands in an e-mail address.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'ö' | 'ø' => Some('o'),
            'ü' => Some('u'),
            'ı' | 'í' => Some('i'),
            'ë' | 'é' => Some('e'),
            c => c.is_ascii_alphabetic().then_some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_people_share_a_name_or_an_address() {
        let people = people();
        assert_eq!(people.len(), 205);
        let names: BTreeSet<_> = people.iter().map(|person| &person.name).collect();
        let emails: BTreeSet<_> = people.iter().map(|person| &person.email).collect();
        assert_eq!((names.len(), emails.len()), (205, 205));
        assert!(people.iter().all(|person| person.email.is_ascii()));
    }

    #[test]
    fn one_customer_administers_the_organisation_that_alice_belongs_to() {
        let people = people();
        let managers: Vec<_> = people.iter().filter(|person| person.manages).collect();
        let [yara] = managers.as_slice() else { panic!("{} of them", managers.len()) };
        assert_eq!((yara.email.as_str(), yara.id.as_str()), ("yara.dubois@example.com", "customer-049"));
        assert!(yara.rights.are_none() && yara.organisation == people[0].organisation);
    }

    #[test]
    fn three_of_them_are_staff() {
        let staff: Vec<_> = people().into_iter().filter(|person| !person.rights.are_none()).collect();
        assert_eq!(staff.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["bob", "eve", "dana"]);
    }
}
