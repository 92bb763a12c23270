//! The pages that every server has, and the answers that every route gives.

both_databases! {
    async fn a_server_says_that_it_lives_and_is_ready(server: TestServer) {
        server.get("/healthz").await.expect(200);
        server.get("/readyz").await.expect(200);
    }

    async fn looking_around_changes_nothing(server: TestServer) {
        let brand = server.demo_brand();
        server.other_brand();
        let before = server.snapshot();
        assert!(before.iter().any(|row| row.starts_with("brand: ") && row.contains(brand.slug.as_str())));
        for path in ["/", "/assets/page.css", "/healthz", "/no-such-page"] {
            for method in ["GET", "HEAD", "OPTIONS"] {
                crate::support::http::Answer::to(server.request(method, path)).await;
            }
        }
        assert_eq!(server.snapshot(), before);
    }
}
