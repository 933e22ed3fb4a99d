;;; imagewire-see-tests.el --- Images in documents and in the list  -*- lexical-binding: t; -*-

;;; Commentary:

;; A batch Emacs shows no images, so the functions that would are replaced.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)
(require 'org)

(defmacro imagewire-tests--graphical (&rest body)
  "Run BODY as on a display that shows images; `shown' has their files, newest first."
  `(let (shown)
     (cl-letf (((symbol-function 'display-images-p) #'always)
               ((symbol-function 'display-graphic-p) #'always)
               ((symbol-function 'image-flush) #'ignore)
               ((symbol-function 'create-image) (lambda (file &rest _) (push file shown) (list 'image :type 'png :file file))))
       ,@body)))

(defun imagewire-tests--images ()
  "Return the files of the images that this buffer shows, in their order."
  (save-restriction
    (widen)
    ;; As redisplay would.
    (when (memq #'imagewire--show-lines jit-lock-functions) (jit-lock-fontify-now))
    (cl-loop for overlay in (sort (overlays-in (point-min) (point-max))
                                  (lambda (one other) (< (overlay-start one) (overlay-start other))))
             when (overlay-get overlay 'imagewire-image)
             collect (plist-get (cdr (get-text-property 1 'display (overlay-get overlay 'after-string))) :file))))

(ert-deftest imagewire-images-are-shown-at-their-links-and-hidden ()
  "Images are shown, go with their links, are hidden, and shown when a document is opened again [editor 35]."
  (imagewire-tests--graphical
   (imagewire-tests--with ((file (expand-file-name "images/a-fox.png" folder)))
     (imagewire-generate "a fox")
     (imagewire-tests--idle)
     (should imagewire-image-mode)
     (should (equal (imagewire-tests--images) (list file)))
     (call-process "mkfifo" nil nil nil (expand-file-name "images/pipe.png" folder))
     (insert "\n\n![another](images/a-fox.png) and ![gone](images/gone.png), ![far](https://example.com/a.png)"
             "![pipe](images/pipe.png)\n")
     (should (equal (imagewire-tests--images) (list file file)))
     (imagewire-image-mode -1)
     (should-not (imagewire-tests--images))
     ;; What was hidden stays hidden with the next one.
     (imagewire-generate "a yak")
     (imagewire-tests--idle)
     (should-not (imagewire-tests--images))
     (should-not imagewire-image-mode)
     (save-buffer)
     (kill-buffer)
     (imagewire-global-image-mode)
     (unwind-protect
         (with-current-buffer (find-file-noselect (expand-file-name "note.md" folder))
           (should (eq major-mode 'fundamental-mode))
           (should imagewire-image-mode)
           (should (equal (imagewire-tests--images) (list file file (expand-file-name "images/a-yak.png" folder))))
           (erase-buffer)
           (should-not (overlays-in (point-min) (point-max)))
           (set-buffer-modified-p nil)
           (kill-buffer))
       (imagewire-global-image-mode -1))
     (set-buffer (get-buffer-create "*scratch*")))))

(ert-deftest imagewire-a-link-of-several-lines-has-one-image ()
  "A line of a link is edited, and its image is there once [editor 35]."
  (imagewire-tests--graphical
   (imagewire-tests--with ((file (expand-file-name "images/a-fox.png" folder)))
     (set-visited-file-name (expand-file-name "a.rst" folder) t)
     (imagewire-generate "a fox")
     (imagewire-tests--idle)
     (goto-char (point-max))
     (insert "\n\nend")
     (should (equal (imagewire-tests--images) (list file)))
     (dolist (line '(":alt" "image::"))
       (goto-char (point-min))
       (search-forward line)
       (insert " ")
       (should (equal (imagewire-tests--images) (list file))))
     (erase-buffer)
     (should-not (imagewire-tests--images)))))

(ert-deftest imagewire-org-shows-its-own-images ()
  "In Org the mode is that of Org [editor 35]."
  (imagewire-tests--graphical
   (imagewire-tests--with ((file (expand-file-name "images/a-yak.png" folder)))
     (org-mode)
     (imagewire-generate "a yak")
     (imagewire-tests--idle)
     (should (equal shown (list file)))
     (should (cl-some (lambda (overlay) (overlay-get overlay 'org-image-overlay)) (overlays-in 1 (point-max))))
     (imagewire-image-mode -1)
     (should-not (cl-some (lambda (overlay) (overlay-get overlay 'org-image-overlay)) (overlays-in 1 (point-max))))
     (setq shown nil)
     (imagewire-image-mode 1)
     (should (equal shown (list file)))
     (imagewire-image-mode -1)
     (setq shown nil)
     (let ((imagewire-display-images nil))
       (imagewire-generate "a fox")
       (imagewire-tests--idle))
     (should-not shown))))

(ert-deftest imagewire-a-display-without-images-says-so ()
  "The command to show images says why none is shown [editor 36]."
  (imagewire-tests--with ()
    (imagewire-image-mode)
    (should (string-search "text terminal" (imagewire-tests--message "images cannot be shown")))
    (should-not imagewire-image-mode)))

(defconst imagewire-tests--stream "
import sys
sys.path.insert(0, sys.argv[1])
from openai import LoopbackOpenAI
with LoopbackOpenAI() as server:
    server.script({'steps': ['partial', 'partial', 'completed', 'done']})
    print(server.url, flush=True)
    for line in sys.stdin:
        server.step(int(line))
"
  "A provider that streams partial images; it sends as many events as each line of its input says.")

(ert-deftest imagewire-partial-images-are-shown-meanwhile ()
  "A partial image is shown where the link is to appear, and goes with the whole one [editor 32]."
  (imagewire-tests--graphical
   (let* ((fixtures (expand-file-name "../../../Tests/Fixtures" imagewire-tests--folder))
          (buffer (generate-new-buffer "stream"))
          (server (make-process :name "stream" :buffer buffer :noquery t :connection-type 'pipe
                                :command (list "python3" "-c" imagewire-tests--stream fixtures)))
          (url (lambda () (with-current-buffer buffer
                            (goto-char (point-min))
                            (and (looking-at "\\(http.*\\)\n") (match-string 1)))))
          (process-environment (cons "OPENAI_API_KEY=sk-SECRETsecret0123456789" process-environment)))
     (unwind-protect
         (progn
           (imagewire-tests--wait "the provider" url)
           (push (concat "OPENAI_BASE_URL=" (funcall url)) process-environment)
           (imagewire-tests--with ((imagewire-configuration '((provider . "openai")))
                                   (imagewire-input '(:stream t :partial_images 2)))
             (imagewire-generate "a boat in a stream")
             (let* ((place (imagewire--work-place (car imagewire--in-progress)))
                    (partial (lambda ()
                               (let ((text (overlay-get place 'after-string)))
                                 (cl-loop for index below (length text)
                                          thereis (plist-get (cdr (get-text-property index 'display text)) :file))))))
               (process-send-string server "1\n")
               (imagewire-tests--wait "the partial image" partial)
               (should (string-match-p "/previews/.*\\.png\\'" (funcall partial)))
               (should (string-search "a boat in a stream: processing, preview 1" (overlay-get place 'after-string)))
               (process-send-string server "3\n")
               (imagewire-tests--idle)
               (should-not (overlay-buffer place)))
             (should (equal (buffer-string) "![a boat in a stream](images/a-boat-in-a-stream.png)"))
             (should (equal (imagewire-tests--images) (list (expand-file-name "images/a-boat-in-a-stream.png" folder))))))
       (delete-process server)
       (kill-buffer buffer)))))

(ert-deftest imagewire-the-list-has-small-images ()
  "The list shows a small image where the display can [editor 33]."
  (imagewire-tests--graphical
   (imagewire-tests--with ()
     (imagewire-generate "a zebra with a thumbnail")
     (imagewire-tests--idle)
     ;; The program makes it with a library that need not be there.
     (skip-unless (ignore-errors (imagewire--await :thumbnail (list :id (plist-get (imagewire-tests--newest) :id)))))
     (setq shown nil)
     (when (get-buffer "*imagewire*") (kill-buffer "*imagewire*"))
     (imagewire-list "a zebra with a thumbnail")
     (with-current-buffer "*imagewire*"
       (imagewire-tests--wait "the small image" (lambda () (text-property-not-all (point-min) (point-max) 'display nil)))
       (imagewire-tests--wait "its file" (lambda () (and shown (string-search "thumbnail" (car shown)))))
       (goto-char (point-min))
       (should (tabulated-list-get-id))
       (kill-buffer)))))

(provide 'imagewire-see-tests)
;;; imagewire-see-tests.el ends here
