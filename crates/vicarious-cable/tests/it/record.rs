//! What a shadower does over a channel: the same rules, the same record (T39).

use cable_axum::Channel as _;
use serde_json::{Value, json};
use testkit::people::{alice, bob};
use vicarious_core::Kind;

use crate::support::{Commands, Person, Private, Socket, World, identifier};

fn commands() -> String {
    identifier(Commands::NAME, json!({"audience": "account"}))
}

async fn write(person: &mut Person) {
    let body = json!({"mode": "write", "reason": "asked to"});
    assert_eq!(person.json("PATCH", "/impersonation", body).await.0, 200);
}

async fn error(socket: &mut Socket, data: &Value) -> Value {
    socket.perform(&commands(), data).await;
    socket.next().await["message"]["error"].take()
}

/// Returns kind, method, route and status of what is on record of channels.
fn recorded(world: &World) -> Vec<(Kind, String, Option<u16>)> {
    let entries = world.ledger.entries_snapshot().into_iter().map(|recorded| recorded.entry);
    let of_channels = entries.filter_map(|entry| {
        let request = entry.request?;
        let is_of_channel = ["SUBSCRIBE", "PERFORM"].contains(&request.method.as_str());
        let what = format!("{} {}", request.method, request.route.unwrap_or_default());
        is_of_channel.then_some((entry.kind, what, request.status))
    });
    of_channels.collect()
}

#[tokio::test]
async fn a_shadower_s_subscription_and_action_have_intent_and_outcome() {
    let world = World::new().await;
    let mut socket = world.inside(&bob(), &alice()).await.subscribed(&commands()).await;
    socket.perform(&commands(), &json!({"action": "echo", "text": "hello"})).await;
    assert_eq!(socket.next().await["message"], json!({"echo": "hello"}));
    world.vicarious.shutdown().await;
    let subscribe = "SUBSCRIBE CommandsChannel".to_owned();
    let perform = "PERFORM CommandsChannel#echo".to_owned();
    assert_eq!(
        recorded(&world),
        [
            (Kind::Intent, subscribe.clone(), None),
            (Kind::Outcome, subscribe, Some(200)),
            (Kind::Intent, perform.clone(), None),
            (Kind::Outcome, perform, Some(200)),
        ]
    );
}

#[tokio::test]
async fn what_customers_do_themselves_is_not_recorded() {
    let world = World::new().await;
    let mut socket = world.person(&alice()).subscribed(&commands()).await;
    socket.perform(&commands(), &json!({"action": "pay"})).await;
    assert_eq!(socket.next().await["message"], json!({"paid": true}));
    world.vicarious.shutdown().await;
    assert_eq!(recorded(&world), []);
}

#[tokio::test]
async fn what_the_rules_never_allow_is_refused_and_on_record() {
    let world = World::new().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    write(&mut agent).await;
    let mut socket = agent.subscribed(&commands()).await;
    let problem = error(&mut socket, &json!({"action": "pay"})).await;
    assert_eq!(problem["status"], 403, "{problem}");
    socket.ask_for(&identifier(Private::NAME, json!({}))).await;
    assert_eq!(socket.next().await["type"], "reject_subscription");
    world.vicarious.shutdown().await;
    let refused = recorded(&world).into_iter().filter(|(kind, ..)| *kind == Kind::RequestRefused);
    let refused: Vec<String> = refused.map(|(_, what, _)| what).collect();
    assert_eq!(refused, ["PERFORM CommandsChannel#pay", "SUBSCRIBE PrivateChannel"]);
}

#[tokio::test]
async fn an_action_that_nobody_classified_is_never_allowed() {
    let world = World::new().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    write(&mut agent).await;
    let mut socket = agent.subscribed(&commands()).await;
    let problem = error(&mut socket, &json!({"action": "forgotten"})).await;
    assert_eq!(problem["status"], 403, "{problem}");
}

#[tokio::test]
async fn a_confirmed_action_asks_for_write_mode_then_for_the_confirmation_and_then_runs_once() {
    let world = World::new().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    let mut socket = agent.subscribed(&commands()).await;
    let save = json!({"action": "save", "text": "new name"});
    assert_eq!(error(&mut socket, &save).await["status"], 403);
    write(&mut agent).await;
    let problem = error(&mut socket, &save).await;
    assert_eq!(problem["status"], 428, "{problem}");
    assert!(problem["question"].as_str().unwrap().contains("Alice"), "{problem}");

    let mut other = save.clone();
    other["text"] = "another name".into();
    other["confirmation"] = problem["confirmation"].clone();
    assert_eq!(error(&mut socket, &other).await["status"], 428, "a confirmation is for what was asked about");

    let mut confirmed = save;
    confirmed["confirmation"] = problem["confirmation"].clone();
    socket.perform(&commands(), &confirmed).await;
    assert_eq!(socket.next().await["message"], json!({"saved": "new name"}));
    assert_eq!(error(&mut socket, &confirmed).await["status"], 428, "a confirmation is good for once");
}

#[tokio::test]
async fn secrets_in_parameters_do_not_enter_the_record() {
    let world = World::new().await;
    let mut socket = world.inside(&bob(), &alice()).await.subscribed(&commands()).await;
    socket.perform(&commands(), &json!({"action": "echo", "text": "hello", "password": "hunter2"})).await;
    socket.next().await;
    world.vicarious.shutdown().await;
    let entries = world.ledger.entries_snapshot();
    let record: Vec<String> = entries.iter().map(|recorded| recorded.to_json().to_string()).collect();
    assert!(record.iter().any(|line| line.contains("hello")), "what is no secret is there");
    assert!(!record.iter().any(|line| line.contains("hunter2")), "{record:#?}");
}

/// An identifier is a JSON text in which names may be written with escapes; what is recorded with each action is what it
/// says, by its names.
#[tokio::test]
async fn secrets_in_an_identifier_do_not_enter_the_record_with_each_action() {
    let world = World::new().await;
    let identifier = r#"{"channel":"CommandsChannel","audience":"account","p\u0061ssword":"hunter2","order":"17"}"#;
    let mut socket = world.inside(&bob(), &alice()).await.subscribed(identifier).await;
    socket.perform(identifier, &json!({"action": "echo", "text": "hello"})).await;
    socket.next().await;
    world.vicarious.shutdown().await;
    let entries = world.ledger.entries_snapshot();
    let record: Vec<Value> = entries.iter().map(|recorded| recorded.to_json()).collect();
    let performed = record.iter().find(|entry| entry["method"] == "PERFORM").unwrap();
    assert_eq!(performed["parameters"]["subscription"]["order"], "17", "{performed}");
    assert!(!record.iter().any(|entry| entry.to_string().contains("hunter2")), "{record:#?}");
}
