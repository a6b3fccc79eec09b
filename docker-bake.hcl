# The image for both kinds of machine: docker buildx bake -f docker-bake.hcl --push --set image.tags=registry.example.com/intent-bus:VERSION
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "unknown" }
variable "CREATED" { default = "1970-01-01T00:00:00Z" }
# With digests, for an image that can be built again: NAME@sha256:…
variable "BUILD_IMAGE" { default = "node:24-trixie-slim" }
variable "BASE_IMAGE" { default = "gcr.io/distroless/nodejs24-debian13:nonroot" }

group "default" { targets = ["image"] }

target "image" {
  platforms = ["linux/amd64", "linux/arm64"]
  tags      = ["intent-bus:${VERSION}"]
  args = {
    VERSION     = VERSION
    REVISION    = REVISION
    CREATED     = CREATED
    BUILD_IMAGE = BUILD_IMAGE
    BASE_IMAGE  = BASE_IMAGE
  }
  # Who made it from what, and what is in it, beside the image in the registry.
  attest = ["type=provenance,mode=max", "type=sbom"]
}
