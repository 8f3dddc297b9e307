//! DynamoDB, S3 and SQS do what the ports promise. Runs where `AWS_ENDPOINT_URL` names an emulator.
#![cfg(feature = "aws")]

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use model::port::Queue;
use store::Aws;

/// AWS, unless it would be the real one.
async fn emulator() -> Option<Aws> {
    let aws = Aws::from_env().await;
    if aws.config().endpoint_url().is_none_or(|url| url.contains("amazonaws")) {
        eprintln!("SKIPPED: AWS_ENDPOINT_URL names no emulator");
        return None;
    }
    Some(aws)
}

/// A name that no other run of these tests uses.
fn unique(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

#[tokio::test]
async fn s3_keeps_the_promises_of_objects() {
    let Some(aws) = emulator().await else { return };
    let bucket = unique("objects");
    let client = aws_sdk_s3::Client::new(aws.config());
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    testkit::objects_suite(&aws.objects(&bucket)).await;
}

async fn queue(aws: &Aws, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let client = aws_sdk_sqs::Client::new(aws.config());
    let mut request = client.create_queue().queue_name(unique(name));
    for (attribute, value) in attributes {
        request = request.attributes(attribute.clone(), *value);
    }
    let answer = request.send().await.expect("a queue can be made");
    answer.queue_url.expect("a queue has a URL")
}

async fn arn(aws: &Aws, url: &str) -> String {
    let client = aws_sdk_sqs::Client::new(aws.config());
    let request = client.get_queue_attributes().queue_url(url);
    let request = request.attribute_names(QueueAttributeName::QueueArn);
    let answer = request.send().await.expect("a queue can be asked");
    let arn = answer.attributes.and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
    arn.expect("a queue has an ARN")
}

/// A queue that lets a message be received twice.
async fn queue_with_dead_letters(aws: &Aws, name: &str) -> store::queue::Sqs {
    let dead = arn(aws, &queue(aws, &format!("{name}-dead"), &[]).await).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{dead}","maxReceiveCount":2}}"#);
    aws.queue(&queue(aws, name, &[(QueueAttributeName::RedrivePolicy, &policy)]).await)
}

#[tokio::test]
async fn sqs_keeps_the_promises_of_a_queue() {
    let Some(aws) = emulator().await else { return };
    let queue = queue_with_dead_letters(&aws, "jobs").await;
    let pass = async |seconds: u32| {
        tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
    };
    testkit::queue_suite(&queue, pass).await;
}

#[tokio::test]
async fn a_queue_without_dead_letters_says_so() {
    let Some(aws) = emulator().await else { return };
    let plain = aws.queue(&queue(&aws, "plain", &[]).await);
    let error = plain.dead_letters(1).await.unwrap_err();
    assert!(error.to_string().contains("has none"), "{error}");
}

#[tokio::test]
async fn dynamodb_keeps_the_promises_of_wallets() {
    let Some(aws) = emulator().await else { return };
    let wallet = aws.wallet(&unique("wallet"));
    wallet.create_table().await.expect("a table can be made");
    testkit::wallet_suite(&wallet).await;
}
