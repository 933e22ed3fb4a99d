;;; imagewire-choose-tests.el --- Models, input and prices  -*- lexical-binding: t; -*-

;;; Commentary:

;; Choices from a WaveSpeed of this machine, whose catalogue is in Tests/Fixtures/wavespeed.py.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)

(ert-deftest imagewire-a-model-is-chosen-from-the-catalogue ()
  "A model is chosen by its name, description and price, and the size from its schema [editor 29, 30]."
  (imagewire-tests--with-provider imagewire-tests--catalogue
    (imagewire-tests--with ((imagewire-input nil))
      (imagewire-tests--answering '("acme/painter")
        (call-interactively #'imagewire-choose-model)
        (should (cl-find-if (lambda (shown) (string-match-p "\\`acme/painter +\\$0.05 · The Painter · Paints in oil\\'" shown))
                            (cdar imagewire-tests--asked))))
      (imagewire-tests--message "the model is acme/painter")
      (imagewire-tests--answering '("size" "1024*1536")
        (imagewire-choose-input)
        (should (equal (mapcar (lambda (shown) (car (split-string shown " "))) (cdr (nth 1 imagewire-tests--asked)))
                       '("size" "seed" "loud")))
        (should (string-match-p "\\`size +default 1024\\*1024\\'" (nth 1 (nth 1 imagewire-tests--asked))))
        (should (equal (mapcar #'string-trim (cdr (nth 0 imagewire-tests--asked))) '("default" "1024*1024" "1024*1536"))))
      (imagewire-tests--answering '("loud" "no") (imagewire-choose-input))
      (imagewire-tests--answering '("seed" "7") (imagewire-choose-input))
      (imagewire-tests--message "chosen: acme/painter, size 1024*1536, loud no, seed 7")
      (pcase-dolist (`(,text . ,reason) '(("much" . "not a number") ("1.5" . "not a whole number") ("-2" . "too small")
                                          ("101" . "too large")))
        (should (string-search reason (cadr (should-error (imagewire-tests--answering (list "seed" text) (imagewire-choose-input))
                                                          :type 'user-error)))))
      (imagewire-generate "a fox")
      (imagewire-tests--idle)
      (let ((newest (imagewire-tests--newest)))
        (should (equal (plist-get newest :model) "acme/painter"))
        (should (equal (imagewire--json (plist-get newest :input))
                       "{\"prompt\":\"a fox\",\"size\":\"1024*1536\",\"loud\":false,\"seed\":7}")))
      (imagewire-tests--answering '("seed" "") (imagewire-choose-input))
      (imagewire-tests--message "chosen: acme/painter, size 1024*1536, loud no")
      (imagewire-tests--answering '("reset all") (imagewire-choose-input))
      (should-not imagewire--chosen-input)
      (imagewire-tests--answering '("default") (imagewire-choose-model))
      (should-not imagewire--chosen-model)
      (imagewire-tests--message "the model is openai/gpt-image-1-high-fidelity"))))

(ert-deftest imagewire-the-price-is-asked-above-a-limit ()
  "Above the limit the price is asked, and nothing is sent if the answer is no [editor 31]."
  (imagewire-tests--with-provider imagewire-tests--catalogue
    (imagewire-tests--with ((imagewire-input nil) (imagewire-ask-above 0.2))
      (imagewire-tests--answering '(nil)
        (imagewire-generate "a priced fox")
        (should (string-match-p "\\$0\\.25.*Make it\\? \\'" (car imagewire-tests--asked))))
      (imagewire-tests--message "nothing was spent")
      (should-not (imagewire-status))
      (should (= 0 (imagewire-tests--provider-count "a priced fox")))
      (imagewire-tests--answering '(t) (imagewire-generate "a priced fox"))
      (imagewire-tests--idle)
      (should (= 1 (imagewire-tests--provider-count "a priced fox")))
      (setq imagewire-ask-above 0.3)
      (imagewire-tests--answering '() (imagewire-generate "a yak"))
      (imagewire-tests--idle)
      ;; Where the provider does not answer, the price is not known.
      (delete-process server)
      (imagewire-stop)
      (imagewire-tests--answering '(nil)
        (imagewire-generate "a cow")
        (should (equal (car imagewire-tests--asked) "The price is not known.  Make it? ")))
      (should (= 0 (imagewire-tests--provider-count "a cow"))))))

(defun imagewire-tests--provider-count (text)
  "Return how many predictions of the provider have TEXT in their prompts."
  (cl-count "wavespeed" (plist-get (imagewire--await :list (list :text text)) :predictions)
            :key (lambda (prediction) (plist-get prediction :provider)) :test #'equal))

(ert-deftest imagewire-prices-in-words ()
  (should (equal (mapcar #'imagewire--dollars '(0 0.25 1 0.0042 12.5)) '("free" "$0.25" "$1.00" "$0.0042" "$12.50"))))

(provide 'imagewire-choose-tests)
;;; imagewire-choose-tests.el ends here
