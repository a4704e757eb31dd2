use super::*;

#[tokio::test]
async fn a_form_that_posts_to_us_is_tagged_first_thing() {
    for form in [
        "<form method=post>",
        "<form method=\"POST\" action=\"\">",
        "<FORM METHOD='Post' ACTION='/profile'>",
        "<form action='profile' method=post>",
        "<form action='?page=2' method=post>",
        "<form action='/a:b' method=post>",
        "<form action='&#x2F;profile' method=post>",
        "<form action='/search?a=1&amp;b=2&c' method=post>",
        "<form action='https://app.example' method=post>",
        "<form action='https://APP.example/profile' method=post>",
        "<form method=post action=' /profile '>",
        "<form method='post'/>",
        "<form method=post method=get>",
        "<form method='p&#111;st'>",
    ] {
        check(&format!("<body>{{B}}{form}{{F}}<p><input name=_method></form><p>after")).await;
    }
}

#[tokio::test]
async fn other_forms_are_left_alone() {
    for form in [
        "<form>",
        "<form method=get>",
        "<form method=dialog>",
        "<form method=' post'>",
        "<form method=get method=post>",
        "<form method=post action='//evil.example'>",
        "<form method=post action='/\\evil.example'>",
        "<form method=post action='/\t/evil.example'>",
        "<form method=post action='&sol;&#47;evil.example'>",
        "<form method=post action='https://evil.example'>",
        "<form method=post action='https://app.example.evil.example'>",
        "<form method=post action='https://app.example@evil.example/'>",
        "<form method=post action='https://app.example:8443/'>",
        "<form method=post action='mailto:a@b.example'>",
        "<form method=post action='java&#10;script:x'>",
    ] {
        check(&format!("<body>{{B}}{form}<button>Go</button></form>")).await;
    }
}

#[tokio::test]
async fn every_form_is_tagged_once() {
    check(
        "{B}<form method=post>{F}<button formmethod=post>a</button><input type=submit formmethod=POST></form>\
           <form method=post>{F}</form><form method=get>{F}<button formmethod=post></button></form>",
    )
    .await;
    check("<body>{B}<form>{F}<button formmethod=post>a</button><button formmethod=post>b</button></form>").await;
    check("<body>{B}<form><button formmethod=post formaction='//evil.example'>a</button></form>").await;
}

#[tokio::test]
async fn a_button_of_a_form_elsewhere_brings_the_tag_along() {
    let html = b"<body><form id=f></form><button form='f&quot;' formmethod=post>a</button>";
    let found = rewritten(html, 5, None).await;
    let expected = "<body><form id=f></form><input form=\"f&quot;\" type=\"hidden\" name=\"_identity\" value=\"t4g\">\
                    <button form='f&quot;' formmethod=post>a</button>";
    assert_eq!(String::from_utf8_lossy(&found), expected);
}

#[tokio::test]
async fn fragments_have_their_forms_tagged_too() {
    let found = rewritten(b"<li><form method=post><button>x</button></form>", 3, None).await;
    assert_eq!(String::from_utf8_lossy(&found), format!("<li><form method=post>{FIELD}<button>x</button></form>"));
}

#[tokio::test]
async fn a_form_in_a_comment_or_a_script_is_none() {
    check("<body>{B}<!-- <form method=post> --><script>'<form method=post>'</script>").await;
}

#[tokio::test]
async fn a_form_within_something_else_does_not_count_for_the_one_around_it() {
    for (begin, end) in [("<template>", "</template>"), ("<svg>", "</svg>"), ("<math>", "</math>")] {
        let inner = format!("{begin}<form method=post>{{F}}{end}");
        check(&format!("<body>{{B}}<form>{inner}{{F}}<button formmethod=post>a</button></form>")).await;
    }
}

#[tokio::test]
async fn a_form_behind_a_picture_is_tagged() {
    for picture in
        ["<svg/>", "<svg><svg></svg></svg>", "<svg><path d=''/></svg>", "<svg><math></svg>", "<math><mi></mi></math>"]
    {
        check(&format!("<body>{{B}}{picture}<script>'<form method=post>'</script><form method=post>{{F}}")).await;
    }
}

#[tokio::test]
async fn what_is_foreign_is_read_as_such() {
    let svg = "<svg><![CDATA[ <form method=post> ]]><style><form method=post>{F}</style></svg>";
    check(&format!("<body>{{B}}{svg}<![CDATA[ > <form method=post>{{F}}")).await;
    check("<body>{B}<svg><desc><style><form method=post></style></desc><style><form method=post>{F}").await;
}

#[tokio::test]
async fn a_tag_that_never_ends_is_no_form() {
    for html in ["<form method=post", "<form method=post action='", "<form method=post a='>", "<form", "<"] {
        check(&format!("<body>{{B}}x{html}")).await;
    }
}
