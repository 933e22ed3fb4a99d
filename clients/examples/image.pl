#!/usr/bin/perl
# perl image.pl "a red fox"
use strict;
use warnings;
use Encode qw(decode_utf8);
use IPC::Open2;
use JSON::PP;

my $process = open2(my $replies, my $requests, $ENV{IMAGEWIRE} || "imagewire");
my $params = { prompt => decode_utf8(shift // die "usage: image.pl PROMPT\n"), wait_ms => 1_800_000 };
print $requests encode_json({ jsonrpc => "2.0", id => 1, method => "submit", params => $params }), "\n";
close $requests;
my $reply = decode_json(<$replies> // die "imagewire gave no reply\n");
waitpid $process, 0;
die "$reply->{error}{message}\n" if $reply->{error};
die "$reply->{result}{status}: $reply->{result}{error}\n" if $reply->{result}{status} ne "completed";
print "$_->{path}\n" for @{ $reply->{result}{files} };
