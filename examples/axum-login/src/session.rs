use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::error::Error;
use crate::users::{AuthSession, Credentials, User};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    user: Option<User>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    user: Option<User>,
    email: String,
    failed: bool,
}

pub async fn home(auth: AuthSession) -> Result<Html<String>, Error> {
    Ok(Html(Home { user: auth.user }.render()?))
}

pub async fn form(auth: AuthSession) -> Result<Html<String>, Error> {
    Ok(Html(Login { user: auth.user, email: String::new(), failed: false }.render()?))
}

pub async fn login(mut auth: AuthSession, Form(given): Form<Credentials>) -> Result<Response, Error> {
    let email = given.email.clone();
    let Some(user) = auth.authenticate(given).await? else {
        let page = Login { user: None, email, failed: true };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response());
    };
    auth.login(&user).await?;
    Ok(Redirect::to("/").into_response())
}

pub async fn logout(mut auth: AuthSession) -> Result<Redirect, Error> {
    auth.logout().await?;
    Ok(Redirect::to("/"))
}
