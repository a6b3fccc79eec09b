// The last version of the SDK's module that still holds the language host. It speaks to the newer CLI.
module example.invalid/language-nodejs

go 1.26

tool github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs

require github.com/pulumi/pulumi/sdk/v3 v3.60.0
