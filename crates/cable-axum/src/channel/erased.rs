//! Channels whose types are forgotten, so that a connection can keep several kinds.

use std::marker::PhantomData;

use serde_json::Value;

use super::{Channel, Reject, Subscription};
use crate::access::Pending;

/// What came of asking for a subscription.
pub(crate) type Opened<I> = Result<Box<dyn AnyChannel<I>>, Reject>;

/// Makes subscriptions of one kind.
pub(crate) trait Factory<I: Send + Sync + 'static>: Send + Sync {
    fn name(&self) -> &'static str;
    fn open<'a>(&'a self, params: Value, subscription: &'a mut Subscription<I>) -> Pending<'a, Opened<I>>;
}

/// A subscription's channel.
pub(crate) trait AnyChannel<I: Send + Sync + 'static>: Send {
    /// Performs an action; answers whether it was one.
    fn perform<'a>(&'a mut self, data: Value, subscription: &'a mut Subscription<I>) -> Pending<'a, bool>;
    fn tick<'a>(&'a mut self, timer: &'static str, subscription: &'a mut Subscription<I>) -> Pending<'a, ()>;
    fn unsubscribed<'a>(&'a mut self, subscription: &'a mut Subscription<I>) -> Pending<'a, ()>;
}

/// Returns what makes subscriptions of the kind `C`.
pub(crate) fn factory<I: Send + Sync + 'static, C: Channel<I>>() -> Box<dyn Factory<I>> {
    Box::new(Kind::<C>(PhantomData))
}

struct Kind<C>(PhantomData<fn() -> C>);

impl<I: Send + Sync + 'static, C: Channel<I>> Factory<I> for Kind<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn open<'a>(&'a self, params: Value, subscription: &'a mut Subscription<I>) -> Pending<'a, Opened<I>> {
        Box::pin(async move {
            let params = serde_json::from_value(params).map_err(|error| {
                tracing::debug!(channel = C::NAME, %error, "parameters that the channel does not take");
                Reject
            })?;
            let channel = C::subscribed(params, subscription).await?;
            Ok(Box::new(channel) as Box<dyn AnyChannel<I>>)
        })
    }
}

impl<I: Send + Sync + 'static, C: Channel<I>> AnyChannel<I> for C {
    fn perform<'a>(&'a mut self, data: Value, subscription: &'a mut Subscription<I>) -> Pending<'a, bool> {
        Box::pin(async move {
            match serde_json::from_value(data) {
                Ok(action) => {
                    Channel::perform(self, action, subscription).await;
                    true
                }
                Err(error) => {
                    tracing::debug!(channel = C::NAME, %error, "an action that the channel does not have");
                    false
                }
            }
        })
    }

    fn tick<'a>(&'a mut self, timer: &'static str, subscription: &'a mut Subscription<I>) -> Pending<'a, ()> {
        // Within the future, so that a method that panics before it returns one is caught too.
        Box::pin(async move { Channel::tick(self, timer, subscription).await })
    }

    fn unsubscribed<'a>(&'a mut self, subscription: &'a mut Subscription<I>) -> Pending<'a, ()> {
        Box::pin(async move { Channel::unsubscribed(self, subscription).await })
    }
}
