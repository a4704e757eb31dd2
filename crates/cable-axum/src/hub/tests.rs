use super::*;
use crate::socket::{Socket, Wire};

fn client() -> Arc<Client<()>> {
    Arc::new(Client::new((), Socket::new(Wire::Task, 1 << 20)))
}

fn topic(hub: &Hub<()>, stream: &Stream) -> Arc<Topic<()>> {
    hub.shard(stream).get(stream).cloned().unwrap()
}

fn reached(hub: &Hub<()>, stream: &Stream) -> usize {
    let message = RawValue::from_string("1".to_owned()).unwrap();
    let broadcast = Broadcast { stream: stream.clone(), message: message.into() };
    futures_util::FutureExt::now_or_never(hub.deliver(&broadcast)).unwrap()
}

#[test]
fn places_that_became_free_are_taken_again_and_those_at_the_end_given_back() {
    let (hub, news, identifier) = (Hub::new(), Stream::named("news"), Arc::from("x"));
    let join = || hub.join(&news, &client(), &identifier);
    let mut places = (0..30).map(|_| join()).collect::<Vec<_>>();
    let first = places.remove(0);
    for place in places.drain(10..) {
        hub.leave(&place, |_| panic!("others are there"));
    }
    let topic = topic(&hub, &news);
    assert_eq!(topic.members().places.len(), 11);
    hub.leave(&places.remove(2), |_| panic!("others are there"));
    places.push(join());
    assert_eq!([reached(&hub, &news), topic.members().places.len()], [11, 11]);
    places.push(join());
    assert_eq!([reached(&hub, &news), topic.members().places.len()], [12, 12]);
    for place in places {
        hub.leave(&place, |_| panic!("others are there"));
    }
    assert!(topic.members().places.capacity() <= 4);
    let mut forgotten = Vec::new();
    hub.leave(&first, |stream| forgotten.push(stream.clone()));
    hub.leave(&first, |_| panic!("it has left"));
    assert_eq!(forgotten, [news]);
    assert!(hub.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
}

#[test]
fn one_connection_counts_once_and_an_encoding_is_shared() {
    let (hub, news) = (Hub::new(), Stream::named("news"));
    let (alice, bob) = (client(), client());
    for (client, identifier) in [(&alice, "x"), (&bob, "x"), (&alice, "y"), (&bob, "y"), (&alice, "x")] {
        hub.join(&news, client, &Arc::from(identifier));
    }
    assert_eq!(reached(&hub, &news), 2);
    let message = RawValue::from_string("1".to_owned()).unwrap();
    let mut frames = Frames::new(&message);
    let (x, y) = (Arc::from("x"), Arc::from("y"));
    let encoded = [&x, &y, &x, &y, &y].map(|identifier| frames.frame(identifier).cloned().unwrap());
    assert_eq!(encoded[0].as_ptr(), encoded[2].as_ptr());
    assert_eq!(encoded[1].as_ptr(), encoded[4].as_ptr());
    assert_ne!(encoded[0], encoded[1]);
}
