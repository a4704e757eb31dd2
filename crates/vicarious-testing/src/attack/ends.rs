//! What a handle is worth elsewhere, and afterwards.

use http::Method;

use super::arena::{Arena, Outcome, Tried, brief, done, fell, stopped, stopped_quietly, with_handle_of};
use super::sign_ins;

/// The cookie of the handle in a browser of nobody's, in another sign-in, in a colleague's, and altered in the agent's own.
pub(super) async fn stolen(arena: &Arena) -> Outcome {
    let mut came_back = Vec::new();
    let inside = arena.enter().await?;
    let mut thief = with_handle_of(&inside, arena.app.nobody());
    came_back.push(arena.nothing("the handle in a browser of nobody's", &thief.get(arena.page()).await)?);

    came_back.push(sign_ins::another(arena).await?);
    let over = sign_ins::over(arena).await?;

    let colleague = arena.in_role("colleague", arena.extras.colleague.as_ref())?;
    let inside = arena.enter().await?;
    let mut thief = with_handle_of(&inside, arena.app.signed_in(colleague.clone()).await);
    came_back.push(arena.nothing("the handle in a colleague's browser", &thief.get(arena.page()).await)?);

    let mut forger = inside.stolen();
    forger.take_handle(&inside.stolen(), altered);
    came_back.push(arena.nothing("an altered handle", &forger.get(arena.page()).await)?);
    done(inside).await;
    Ok(Tried {
        tried: "with nobody, in another sign-in, a colleague's, altered".to_owned(),
        came_back: format!("{}; {over}", came_back.join(", ")),
    })
}

/// Returns a sealed text with another letter in the middle.
fn altered(handle: &str) -> String {
    let (half, swap) = (handle.len() / 2, |letter| if letter == 'A' { 'B' } else { 'A' });
    handle.char_indices().map(|(at, letter)| if at == half { swap(letter) } else { letter }).collect()
}

/// The cookies of before, played back; and what the agent's own browser shows then.
pub(super) async fn after_the_stop(arena: &Arena) -> Outcome {
    arena.page_tells()?;
    let mut inside = arena.enter().await?;
    let page = inside.get(arena.page()).await;
    let mut recorded = inside.stolen();
    let mut own = stopped(inside).await?;
    let replayed = recorded.get(arena.page()).await;
    let status = arena.nothing("the cookies of before the stop", &replayed)?;
    let after = own.get(arena.page()).await;
    let tried = "the agent's own page after the stop";
    if arena.of_customer.found_in(&after.text).is_some() && arena.of_agent.found_in(&after.text).is_none() {
        return fell(tried, format!("still the customer: is the current user kept in a session? {}", brief(&after)));
    }
    if arena.of_agent.found_in(&after.text).is_none() {
        return fell(tried, format!("not the agent: {} (before: {})", brief(&after), page.status.as_u16()));
    }
    Ok(Tried {
        tried: "the cookies of before; the agent's own page".to_owned(),
        came_back: format!("{status}; the agent"),
    })
}

/// A form of a page that was open when the impersonation ended behind the agent's back, and what follows it.
pub(super) async fn open_page(arena: &Arena) -> Outcome {
    let (method, path) =
        arena.ruled(|_, _| true).into_iter().next().unwrap_or_else(|| ("POST".to_owned(), arena.page().to_owned()));
    let method = Method::try_from(method.as_str()).unwrap_or(Method::POST);
    let mut inside = arena.enter_writing().await?;
    inside.is_revoked().await;
    let mut came_back = Vec::new();
    let sent = inside.ask(method.clone(), &path).form(&[("name", "an attack")]).await;
    came_back.push(arena.nothing(&format!("{method} {path} from the open page"), &sent)?);
    let next = inside.get(arena.page()).await;
    came_back.push(arena.nothing("the request after it", &next)?);
    let dropped = {
        let mut browser = inside.stolen();
        browser.drop_handle();
        browser.get(arena.page()).await
    };
    came_back.push(arena.nothing("the same without the handle", &dropped)?);
    stopped_quietly(&mut inside).await;
    inside.browser().drop_handle();
    let late = inside.ask(method.clone(), &path).form(&[("name", "an attack")]).await;
    came_back.push(arena.nothing(&format!("{method} {path} from the open page, after the agent went on"), &late)?);
    Ok(Tried {
        tried: "its form; the next page; without the handle; once more".to_owned(),
        came_back: came_back.join(", "),
    })
}
