//! The S3 operations, on top of the store.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::faults::Control;
use crate::listing::{self, Ask, Entry, Page};
use crate::store::{Precondition, Refusal, Store, StoredObject};

/// What AWS leaves as it is in a listing with `encoding-type=url`; a space becomes `+`.
const LISTED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// The operations of the server.
pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) control: Arc<Mutex<Control>>,
}

impl From<Refusal> for S3Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            Refusal::NoSuchKey => S3ErrorCode::NoSuchKey,
            Refusal::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Refusal::InvalidPart => S3ErrorCode::InvalidPart,
            Refusal::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
            Refusal::PreconditionFailed => S3ErrorCode::PreconditionFailed,
        })
    }
}

impl Service {
    fn list(&self, bucket: &str, ask: &Ask) -> S3Result<Page> {
        self.store
            .with_objects(bucket, |objects| listing::list(objects, ask, &mut self.control.lock()))?
            .map_err(|_| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
    }

    fn precondition(
        &self,
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> S3Result<Precondition> {
        match (if_match, if_none_match) {
            (None, None) => Ok(Precondition::None),
            (None, Some(ETagCondition::Any)) if self.control.lock().faults.ignore_put_if_absent => {
                Ok(Precondition::None)
            }
            (None, Some(ETagCondition::Any)) => Ok(Precondition::Absent),
            (Some(condition), None) => {
                Ok(Precondition::Matches(condition.into_etag().map(|etag| etag.value().to_owned())))
            }
            _ => Err(s3_error!(NotImplemented, "a put takes If-Match or If-None-Match: *")),
        }
    }

    fn encodes(&self, wanted: Option<&EncodingType>) -> bool {
        wanted.is_some_and(|wanted| wanted.as_str() == "url")
            && !self.control.lock().faults.ignore_encoding_type
    }
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.store.create_bucket(&req.input.bucket)?;
        Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", req.input.bucket)) }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.store.with_objects(&req.input.bucket, |_| ())?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_buckets(
        &self,
        _req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket = |name| Bucket { name: Some(name), ..Default::default() };
        let buckets = self.store.buckets().into_iter().map(bucket).collect();
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..Default::default() }))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.store.with_objects(&req.input.bucket, |_| ())?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        // The body comes first: the condition is checked and the object written in one step afterwards.
        let bytes = read_body(input.body).await?;
        let mut object = StoredObject::new(bytes);
        object.metadata = input.metadata.unwrap_or_default().into_iter().collect();
        object.content_type = input.content_type;
        object.content_encoding = input.content_encoding;
        let e_tag = Some(ETag::Strong(object.etag.clone()));
        let condition = self.precondition(input.if_match, input.if_none_match)?;
        self.store.put(&input.bucket, &input.key, object, &condition)?;
        Ok(S3Response::new(PutObjectOutput { e_tag, ..Default::default() }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let object = self.store.get(&input.bucket, &input.key)?;
        check_read(&object, input.if_match, input.if_none_match)?;
        let size = object.bytes.len() as u64;
        let (bytes, content_range) = match input.range {
            None => (object.bytes, None),
            Some(range) => {
                let range = range.check(size)?;
                let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                (object.bytes.slice(range.start as usize..range.end as usize), Some(text))
            }
        };
        let partial = content_range.is_some();
        let output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(bytes.len() as i64),
            content_range,
            content_type: object.content_type,
            content_encoding: object.content_encoding,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.last_modified.into()),
            metadata: Some(object.metadata.into_iter().collect()),
            body: Some(StreamingBlob::new(s3s::Body::from(bytes))),
            ..Default::default()
        };
        let mut response = S3Response::new(output);
        if partial {
            response.status = Some(hyper::StatusCode::PARTIAL_CONTENT);
        }
        Ok(response)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let object = self.store.get(&input.bucket, &input.key)?;
        check_read(&object, input.if_match, input.if_none_match)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(object.bytes.len() as i64),
            content_type: object.content_type,
            content_encoding: object.content_encoding,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.last_modified.into()),
            metadata: Some(object.metadata.into_iter().collect()),
            ..Default::default()
        }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket { bucket, key, .. } = input.copy_source else {
            return Err(s3_error!(NotImplemented, "copies from access points"));
        };
        let mut object = self.store.get(&bucket, &key)?;
        object.last_modified = SystemTime::now();
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(object.last_modified.into()),
            ..Default::default()
        };
        self.store.put(&input.bucket, &input.key, object, &Precondition::None)?;
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }))
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.store.delete(&req.input.bucket, &req.input.key)?;
        let mut response = S3Response::new(DeleteObjectOutput::default());
        response.status = Some(hyper::StatusCode::NO_CONTENT);
        Ok(response)
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let mut deleted = Vec::new();
        for object in req.input.delete.objects {
            self.store.delete(&req.input.bucket, &object.key)?;
            deleted.push(DeletedObject { key: Some(object.key), ..Default::default() });
        }
        let deleted = (!req.input.delete.quiet.unwrap_or(false)).then_some(deleted);
        Ok(S3Response::new(DeleteObjectsOutput { deleted, ..Default::default() }))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let ask = Ask {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: input.start_after.clone().unwrap_or_default(),
            token: input.continuation_token.clone(),
            max_keys: max_keys(input.max_keys)?,
        };
        let encodes = self.encodes(input.encoding_type.as_ref());
        let page = self.list(&input.bucket, &ask)?;
        let key_count = i32::try_from(page.entries.len()).ok();
        let next_continuation_token = page.next.clone();
        let (contents, common_prefixes) = split(page, encodes);
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(listed(&ask.prefix, encodes)),
            delimiter: input.delimiter.map(|text| listed(&text, encodes)),
            start_after: input.start_after.map(|text| listed(&text, encodes)),
            max_keys: i32::try_from(ask.max_keys).ok(),
            encoding_type: encodes.then(|| EncodingType::from_static(EncodingType::URL)),
            continuation_token: input.continuation_token,
            is_truncated: Some(next_continuation_token.is_some()),
            next_continuation_token,
            key_count,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            ..Default::default()
        }))
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = req.input;
        let ask = Ask {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: input.marker.clone().unwrap_or_default(),
            token: None,
            max_keys: max_keys(input.max_keys)?,
        };
        let encodes = self.encodes(input.encoding_type.as_ref());
        let page = self.list(&input.bucket, &ask)?;
        let more = page.next.is_some();
        let last = page.entries.last().map(|entry| listed(entry.name(), encodes));
        let (contents, common_prefixes) = split(page, encodes);
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(listed(&ask.prefix, encodes)),
            delimiter: input.delimiter.map(|text| listed(&text, encodes)),
            marker: input.marker.map(|text| listed(&text, encodes)),
            max_keys: i32::try_from(ask.max_keys).ok(),
            encoding_type: encodes.then(|| EncodingType::from_static(EncodingType::URL)),
            is_truncated: Some(more),
            next_marker: last.filter(|_| more),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        let mut template = StoredObject::new(Bytes::new());
        template.metadata = input.metadata.unwrap_or_default().into_iter().collect();
        template.content_type = input.content_type;
        template.content_encoding = input.content_encoding;
        let id = self.store.begin_upload(&input.bucket, &input.key, template)?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = req.input;
        let bytes = read_body(input.body).await?;
        let etag = self.store.put_part(&input.bucket, &input.upload_id, input.part_number, bytes)?;
        Ok(S3Response::new(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| (part.part_number.unwrap_or(0), part.e_tag.map(|etag| etag.value().to_owned())))
            .collect();
        if parts.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let condition = self.precondition(input.if_match, input.if_none_match)?;
        let etag = self.store.complete_upload(&input.bucket, &input.upload_id, &parts, &condition)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.store.abort_upload(&req.input.bucket, &req.input.upload_id)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

async fn read_body(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let mut bytes = Vec::new();
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|source| S3Error::with_source(S3ErrorCode::IncompleteBody, source))?;
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes.into())
}

fn check_read(
    object: &StoredObject,
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<()> {
    let is = |condition: &ETagCondition| condition.as_etag().is_none_or(|etag| etag.value() == object.etag);
    if if_match.as_ref().is_some_and(|condition| !is(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.as_ref().is_some_and(is) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

fn max_keys(asked: Option<i32>) -> S3Result<usize> {
    match asked {
        None => Ok(1000),
        Some(number) => match usize::try_from(number) {
            Ok(number) => Ok(number.min(1000)),
            Err(_) => Err(s3_error!(InvalidArgument, "max-keys must not be negative")),
        },
    }
}

fn listed(text: &str, encodes: bool) -> String {
    if encodes { utf8_percent_encode(text, LISTED).to_string().replace(' ', "+") } else { text.to_owned() }
}

fn split(page: Page, encodes: bool) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in page.entries {
        match entry {
            Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(listed(&prefix, encodes)) }),
            Entry::Object(key, object) => contents.push(Object {
                key: Some(listed(&key, encodes)),
                size: i64::try_from(object.bytes.len()).ok(),
                e_tag: Some(ETag::Strong(object.etag)),
                last_modified: Some(object.last_modified.into()),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Default::default()
            }),
        }
    }
    (contents, prefixes)
}
